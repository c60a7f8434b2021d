// SPDX-License-Identifier: GPL-3.0-or-later
// What all senders have in common. Declared in forward/sender_internal.h.
#include <stdlib.h>

#include "base/descriptors.h"
#include "base/memory.h"
#include "forward/sender_internal.h"

void sender_init(struct sender *sender, const struct sender_class *class, const struct forward_spec *spec) {
    sender->class = class;
    sender->spec = spec;
}

void sender_finish(struct sender *sender) {
    sender_give_back_socket(sender);
    loop_defer_cancel(sender->spec->loop, &sender->report);
    free(sender->result.message);
    free(sender->location);
}

char *sender_connect_failure(const struct sender *sender, const char *reason) {
    return memory_printf("cannot connect to %s: %s", sender->location, reason);
}

char *sender_send_failure(const char *reason) {
    return memory_printf("cannot send syslogs: %s", reason);
}

bool sender_take_socket(struct sender *sender, const char *prefix, struct error *err) {
    struct descriptor_budget *descriptors = sender->spec->descriptors;
    if (descriptors == NULL || sender->has_socket)
        return true;
    if (!descriptor_budget_take(descriptors, DESCRIPTORS_PROCESSES, 1, err))
        return error_prefix(err, "%s: socket: ", prefix);
    sender->has_socket = true;
    return true;
}

void sender_give_back_socket(struct sender *sender) {
    if (sender->has_socket)
        descriptor_budget_give_back(sender->spec->descriptors, DESCRIPTORS_PROCESSES, 1);
    sender->has_socket = false;
}

static void on_report_due(struct deferred *report) {
    struct sender *sender = CONTAINER_OF(report, struct sender, report);
    struct send_result result = sender->result;
    sender->result = (struct send_result){0};
    sender->on_done(&result, sender->data); // may destroy the sender
    free(result.message);
}

void sender_end(struct sender *sender, enum send_outcome outcome, const char *message) {
    sender->result.outcome = outcome;
    free(sender->result.message);
    sender->result.message = message != NULL ? memory_string(message) : NULL;
    loop_defer(sender->spec->loop, &sender->report, on_report_due);
}

void sender_on_done(struct sender *sender, send_done_fn on_done, void *data) {
    sender->on_done = on_done;
    sender->data = data;
}

void sender_start(struct sender *sender, const struct payload *payload) {
    sender->class->start(sender, payload);
}

void sender_destroy(struct sender *sender) {
    if (sender != NULL)
        sender->class->destroy(sender);
}

// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/call_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "client/errors.h"

struct pebble_call *client_call_create(const struct client_call_type *type, struct pebble_client *client,
                                       struct pebble_error *error) {
    int poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (poll_fd < 0) {
        client_fail(error, PEBBLE_ERROR_CONNECTION, "cannot create call: %s", error_errno_text(errno));
        return NULL;
    }
    struct pebble_call *call = memory_new(type->size);
    call->type = type;
    call->client = client_hold(client);
    call->poll_fd = poll_fd;
    call->is_due = true;
    return call;
}

static bool is_over(const struct pebble_call *call) {
    return call->state == PEBBLE_CALL_DONE || call->state == PEBBLE_CALL_FAILED;
}

static void set_state(struct pebble_call *call, enum pebble_call_state state) {
    call->state = state;
    call->is_due = state == PEBBLE_CALL_ITEM;
    if (is_over(call))
        call->type->finish(call);
}

void pebble_call_destroy(struct pebble_call *call) {
    if (call == NULL)
        return;
    if (!is_over(call))
        call->type->finish(call);
    if (call->result != NULL)
        call->result_type->destroy(call->result);
    pebble_error_clear(&call->error);
    file_close_at(&call->poll_fd);
    client_release(call->client);
    free(call);
}

void client_call_destroy_at(struct pebble_call **call) {
    pebble_call_destroy(*call);
}

// --- results ---

void client_call_set_result(struct pebble_call *call, const struct client_result_type *type, void *result) {
    call->result_type = type;
    call->result = result;
}

void *client_call_take_result(struct pebble_call *call, const struct client_result_type *type) {
    return call->result_type == type ? TAKE(call->result) : NULL;
}

const struct pebble_error *pebble_call_error(const struct pebble_call *call) {
    return call->state == PEBBLE_CALL_FAILED ? &call->error : NULL;
}

// --- waiting ---

int pebble_call_fd(const struct pebble_call *call) {
    return call->poll_fd;
}

short pebble_call_poll_events(const struct pebble_call *call) {
    return is_over(call) ? 0 : POLLIN;
}

// Rounded up, so that a step does not come a little before its time.
int64_t pebble_call_timeout_ms(const struct pebble_call *call) {
    if (is_over(call))
        return -1;
    if (call->is_due)
        return 0;
    if (call->wake_ns == CLIENT_NO_DEADLINE)
        return -1;
    int64_t left_ns = call->wake_ns - clock_monotonic_ns();
    return left_ns > 0 ? (left_ns - 1) / NS_PER_MS + 1 : 0;
}

// --- going on ---

static enum pebble_call_state watch(struct pebble_call *call) {
    struct client_wants wants = {.poll_fd = call->poll_fd, .wake_ns = CLIENT_NO_DEADLINE};
    AUTO_ERROR struct error cause = {0};
    if (!call->type->watch(call, &wants, &cause)) {
        client_fail(&call->error, PEBBLE_ERROR_CONNECTION, "%s", error_text(&cause));
        return PEBBLE_CALL_FAILED;
    }
    call->wake_ns = wants.wake_ns;
    return PEBBLE_CALL_RUNNING;
}

enum pebble_call_state pebble_call_step(struct pebble_call *call) {
    if (is_over(call))
        return call->state;
    enum pebble_call_state state = call->type->step(call, &call->error);
    set_state(call, state == PEBBLE_CALL_RUNNING ? watch(call) : state);
    return call->state;
}

void pebble_call_cancel(struct pebble_call *call) {
    if (is_over(call))
        return;
    client_fail(&call->error, PEBBLE_ERROR_CANCELLED, "cancelled");
    set_state(call, PEBBLE_CALL_FAILED);
}

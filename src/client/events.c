// SPDX-License-Identifier: LGPL-3.0-or-later
// The events of a daemon: creating a subscription, driving it, reading events. Declared in pebble.h.
#include "client/events_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/options_internal.h"

#define KINDS_ALL                                                                                                      \
    ((uint64_t)PEBBLE_EVENT_READY | CLIENT_CHECK_EVENTS | PEBBLE_EVENT_CUSTOM_NOTICE | PEBBLE_EVENT_CHANGE_UPDATE |    \
     PEBBLE_EVENT_CONNECTION_LOST | PEBBLE_EVENT_CONNECTION_BACK)
#define DEFAULT_WAIT_MS 60000
#define DEFAULT_RESPONSE_MS 30000
#define DEFAULT_RETRY_MIN_MS 100
#define DEFAULT_RETRY_MAX_MS 5000
#define DURATION_MAX_MS 3600000

// --- creating ---

static bool check_duration(int64_t ms, struct pebble_error *error) {
    return (ms >= 0 && ms <= DURATION_MAX_MS) ||
           client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: invalid duration");
}

static bool check_position(const struct pebble_events_options *own, struct pebble_error *error) {
    bool is_from_now = (own->flags & PEBBLE_EVENTS_FROM_NOW) != 0;
    return (own->after_ns >= 0 && !(is_from_now && own->after_ns != 0)) ||
           client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: invalid position");
}

static void set_defaults(struct pebble_events_options *own) {
    own->kinds = own->kinds != 0 ? own->kinds : KINDS_ALL;
    own->wait_ms = own->wait_ms > 0 ? own->wait_ms : DEFAULT_WAIT_MS;
    own->response_ms = own->response_ms > 0 ? own->response_ms : DEFAULT_RESPONSE_MS;
    int64_t least_ms = DEFAULT_RETRY_MIN_MS;
    if (own->retry_max_ms > 0 && own->retry_max_ms < least_ms)
        least_ms = own->retry_max_ms;
    own->retry_min_ms = own->retry_min_ms > 0 ? own->retry_min_ms : least_ms;
    int64_t most_ms = own->retry_min_ms > DEFAULT_RETRY_MAX_MS ? own->retry_min_ms : DEFAULT_RETRY_MAX_MS;
    own->retry_max_ms = own->retry_max_ms > 0 ? own->retry_max_ms : most_ms;
    own->limit_bytes = own->limit_bytes > 0 ? own->limit_bytes : CLIENT_RESPONSE_LIMIT_BYTES;
}

static bool read_options(const struct pebble_events_options *options, struct pebble_events_options *own,
                         struct pebble_error *error) {
    if (!client_options_read(own, sizeof *own, options, error) ||
        !client_options_check_flags(own->kinds, KINDS_ALL, error) ||
        !client_options_check_flags(own->flags, PEBBLE_EVENTS_FROM_NOW, error) || !check_position(own, error) ||
        !check_duration(own->wait_ms, error) || !check_duration(own->response_ms, error) ||
        !check_duration(own->retry_min_ms, error) || !check_duration(own->retry_max_ms, error))
        return false;
    set_defaults(own);
    if (own->retry_min_ms > own->retry_max_ms)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: retry_min_ms is above retry_max_ms");
    return own->limit_bytes <= CLIENT_RESPONSE_LIMIT_BYTES ||
           client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use options: limit_bytes is too large");
}

static void set_up(struct pebble_events *events, const struct pebble_events_options *own) {
    bool is_from_now = (own->flags & PEBBLE_EVENTS_FROM_NOW) != 0;
    events->kinds = own->kinds;
    events->has_user_id = own->user_id != NULL;
    events->user_id = own->user_id != NULL ? *own->user_id : 0;
    events->users = own->users != NULL ? memory_string(own->users) : NULL;
    events->wait_ns = own->wait_ms * NS_PER_MS;
    events->response_ns = own->response_ms * NS_PER_MS;
    events->retry_min_ns = own->retry_min_ms * NS_PER_MS;
    events->retry_max_ns = own->retry_max_ms * NS_PER_MS;
    events->limit_bytes = own->limit_bytes;
    events->boot_id = text_is_empty(own->boot_id) ? NULL : memory_string(own->boot_id);
    client_cursor_init(&events->cursor, is_from_now ? clock_wall_ns() : own->after_ns);
    client_connection_init(&events->kept, &events->call.client->endpoint);
}

bool pebble_events_create(struct pebble_client *client, const struct pebble_events_options *options,
                          struct pebble_events **events, struct pebble_error *error) {
    struct pebble_events_options own;
    if (!read_options(options, &own, error))
        return false;
    struct pebble_call *call = client_call_create(&client_events_type, client, error);
    if (call == NULL)
        return false;
    struct pebble_events *created = CONTAINER_OF(call, struct pebble_events, call);
    set_up(created, &own);
    *events = created;
    return true;
}

void pebble_events_destroy(struct pebble_events *events) {
    if (events == NULL)
        return;
    char *boot_id = events->boot_id;
    pebble_call_destroy(&events->call);
    free(boot_id);
}

void pebble_events_cancel(struct pebble_events *events) {
    pebble_call_cancel(&events->call);
}

// --- driving ---

int pebble_events_fd(const struct pebble_events *events) {
    return pebble_call_fd(&events->call);
}

short pebble_events_poll_events(const struct pebble_events *events) {
    return pebble_call_poll_events(&events->call);
}

int64_t pebble_events_timeout_ms(const struct pebble_events *events) {
    return pebble_call_timeout_ms(&events->call);
}

enum pebble_events_state pebble_events_step(struct pebble_events *events) {
    switch (pebble_call_step(&events->call)) {
    case PEBBLE_CALL_RUNNING:
        return PEBBLE_EVENTS_RUNNING;
    case PEBBLE_CALL_ITEM:
        return PEBBLE_EVENTS_EVENT;
    case PEBBLE_CALL_DONE: // it has no such end
    case PEBBLE_CALL_FAILED:
        break;
    }
    return PEBBLE_EVENTS_FAILED;
}

const struct pebble_error *pebble_events_error(const struct pebble_events *events) {
    return pebble_call_error(&events->call);
}

static bool fail_again(const struct pebble_events *events, struct pebble_error *error) {
    const struct pebble_error *cause = pebble_events_error(events);
    client_fail(error, cause->kind, "%s", cause->message);
    if (error != NULL) {
        error->status = cause->status;
        error->api_kind = cause->api_kind != NULL ? memory_string(cause->api_kind) : NULL;
    }
    return false;
}

bool pebble_events_wait(struct pebble_events *events, int64_t timeout_ms, const struct pebble_event **event,
                        struct pebble_error *error) {
    if (timeout_ms < -1 || timeout_ms > INT64_MAX / 4 / NS_PER_MS)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot wait for event: invalid timeout");
    int64_t end_ns = timeout_ms < 0 ? CLIENT_NO_DEADLINE : clock_deadline_ns(timeout_ms * NS_PER_MS);
    for (;;) {
        // Before the step, which drops an event that was not given.
        if (!client_check_interrupt(events->call.client, error))
            return false;
        enum pebble_events_state state = pebble_events_step(events);
        if (state == PEBBLE_EVENTS_FAILED)
            return fail_again(events, error);
        bool is_late = end_ns != CLIENT_NO_DEADLINE && clock_monotonic_ns() >= end_ns;
        if (state == PEBBLE_EVENTS_EVENT || is_late) {
            *event = pebble_events_event(events);
            return true;
        }
        if (!client_wait_until(events->call.client, &events->call, end_ns, error))
            return false;
    }
}

// --- what is known ---

int64_t pebble_events_position_ns(const struct pebble_events *events) {
    return events->cursor.position_ns;
}

const char *pebble_events_boot_id(const struct pebble_events *events) {
    return events->boot_id;
}

const struct pebble_event *pebble_events_event(const struct pebble_events *events) {
    return events->call.state == PEBBLE_CALL_ITEM ? &events->event : NULL;
}

enum pebble_event_kinds pebble_event_kind(const struct pebble_event *event) {
    return event->kind;
}

const char *pebble_event_boot_id(const struct pebble_event *event) {
    return event->boot_id;
}

const struct pebble_notice *pebble_event_notice(const struct pebble_event *event) {
    return event->notice;
}

const char *pebble_event_check_name(const struct pebble_event *event) {
    return event->check_name;
}

const struct pebble_change *pebble_event_change(const struct pebble_event *event) {
    return event->change;
}

const struct pebble_error *pebble_event_error(const struct pebble_event *event) {
    return event->kind == PEBBLE_EVENT_CONNECTION_LOST ? &event->error : NULL;
}

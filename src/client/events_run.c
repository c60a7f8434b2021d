// SPDX-License-Identifier: LGPL-3.0-or-later
// How a subscription goes on: requests, and the events that come of their responses. Declared in events_internal.h.
#include "client/events_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/changes_internal.h"
#include "client/errors.h"
#include "client/notices_internal.h"
#include "client/query_internal.h"
#include "client/system_internal.h"

#define EMPTY_PAUSE_NS NS_PER_S // for a daemon that does not keep the request
#define MOVES_MAX 64            // of a step, if what the daemon sends is not wanted
#define INFO_COUNT_MAX 3        // in a row, with a daemon that sends more than it was asked for
#define STATUS_NOT_FOUND 404
#define FIRST_PASSING_STATUS 500

enum events_progress {
    PROGRESS_MOVED, // on to another state
    PROGRESS_WAITING,
    PROGRESS_EVENT,
    PROGRESS_FAILED,
};

static struct pebble_events *events_of(struct pebble_call *call) {
    return CONTAINER_OF(call, struct pebble_events, call);
}

// --- events ---

static void clear_event(struct pebble_events *events) {
    free(events->event.check_name);
    pebble_change_destroy(events->event.change);
    pebble_error_clear(&events->event.error);
    events->event = (struct pebble_event){.boot_id = NULL};
}

// Whether there is an event, which depends on what is wanted.
static bool set_event(struct pebble_events *events, uint64_t kind) {
    if ((events->kinds & kind) == 0)
        return false;
    events->event.kind = (enum pebble_event_kinds)kind;
    return true;
}

static enum events_progress give_boot_event(struct pebble_events *events, bool *is_due, uint64_t kind) {
    *is_due = false;
    if (!set_event(events, kind))
        return PROGRESS_MOVED;
    events->event.boot_id = events->boot_id;
    return PROGRESS_EVENT;
}

static enum events_progress give_notice_event(struct pebble_events *events, uint64_t kind) {
    events->event.notice = client_cursor_notice(&events->cursor);
    client_cursor_pass(&events->cursor);
    return set_event(events, kind) ? PROGRESS_EVENT : PROGRESS_MOVED;
}

// `change` is NULL if the daemon does not have it.
static enum events_progress give_change_event(struct pebble_events *events, struct pebble_change *change) {
    uint64_t kind = client_change_event(change, &events->data, events->kinds, &events->seen);
    if ((kind & CLIENT_CHECK_EVENTS) != 0)
        events->event.check_name = TAKE(events->data.check_name);
    events->event.change = change;
    client_change_data_finish(&events->data);
    return give_notice_event(events, kind);
}

// --- a daemon that is away ---

static void pause_for(struct pebble_events *events, int64_t pause_ns) {
    events->state = CLIENT_EVENTS_PAUSING;
    events->resume_ns = clock_deadline_ns(pause_ns);
}

// Whether the daemon may respond later.
static bool is_passing(const struct pebble_error *failure, int http_status) {
    switch (failure->kind) {
    case PEBBLE_ERROR_CONNECTION:
    case PEBBLE_ERROR_TIMEOUT:
        return true;
    case PEBBLE_ERROR_API:
        return failure->status >= FIRST_PASSING_STATUS;
    default:
        return http_status >= FIRST_PASSING_STATUS; // of a proxy, whose response is not JSON
    }
}

static enum events_progress lose_connection(struct pebble_events *events, struct pebble_error *failure) {
    int64_t twice_ns = events->pause_ns * 2;
    events->pause_ns = twice_ns < events->retry_min_ns ? events->retry_min_ns : twice_ns;
    if (events->pause_ns > events->retry_max_ns)
        events->pause_ns = events->retry_max_ns;
    pause_for(events, events->pause_ns);
    client_connection_close(&events->kept);
    events->is_known = false;
    events->info_count = 0;
    bool is_new = !events->is_lost;
    events->is_lost = true;
    if (!is_new || !set_event(events, PEBBLE_EVENT_CONNECTION_LOST))
        return PROGRESS_MOVED;
    client_fail_move(&events->event.error, failure);
    return PROGRESS_EVENT;
}

// --- requests ---

static void write_notices_target(const struct pebble_events *events, struct buffer *target) {
    static const char *const no_key = "-"; // which no notice has
    const char *types[2];
    struct pebble_notice_options options = {.size = sizeof options, .types = types};
    if ((events->kinds & PEBBLE_EVENT_CUSTOM_NOTICE) != 0)
        types[options.type_count++] = "custom";
    if ((events->kinds & (CLIENT_CHECK_EVENTS | PEBBLE_EVENT_CHANGE_UPDATE)) != 0)
        types[options.type_count++] = "change-update";
    if (options.type_count == 0) { // the request is only to see that the daemon ends
        options.keys = &no_key;
        options.key_count = 1;
    }
    options.user_id = events->has_user_id ? &events->user_id : NULL;
    options.users = events->users;
    options.after_ns = events->cursor.position_ns;
    options.wait_ns = events->wait_ns;
    client_notices_add_target(target, &options);
}

// The daemon decides on the ID.
static bool write_change_target(const char *id, struct buffer *target, struct pebble_error *error) {
    if (!client_check_id("change", id, error)) {
        if (error != NULL)
            error->kind = PEBBLE_ERROR_PROTOCOL;
        return false;
    }
    buffer_printf(target, "/v1/changes/%s", id);
    return true;
}

static bool write_target(struct pebble_events *events, struct buffer *target, struct pebble_error *error) {
    switch (events->request) {
    case CLIENT_EVENTS_INFO:
        buffer_add_string(target, CLIENT_SYSTEM_INFO_TARGET);
        return true;
    case CLIENT_EVENTS_NOTICES:
        write_notices_target(events, target);
        return true;
    case CLIENT_EVENTS_CHANGE:
        break;
    }
    return write_change_target(pebble_notice_key(client_cursor_notice(&events->cursor)), target, error);
}

// Whether the daemon at the other end is that of the last boot ID, as far as one can see before a request.
static bool is_known(struct pebble_events *events) {
    bool is_checked = events->info_count < INFO_COUNT_MAX && client_connection_is_open(&events->kept);
    if (is_checked && client_connection_has_input(&events->kept)) {
        client_connection_close(&events->kept);
        events->is_known = false;
    }
    return events->is_known;
}

// A daemon that may be another one is asked for its boot ID first.
static enum events_progress ask(struct pebble_events *events, enum client_events_request request,
                                struct pebble_error *error) {
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (request != CLIENT_EVENTS_INFO && !is_known(events))
        request = CLIENT_EVENTS_INFO;
    events->request = request;
    events->info_count = request == CLIENT_EVENTS_INFO ? events->info_count + 1 : 0;
    if (!write_target(events, &target, error))
        return PROGRESS_FAILED;
    int64_t limit_ns = events->response_ns + (request == CLIENT_EVENTS_NOTICES ? events->wait_ns : 0);
    const struct client_request asked = {.method = "GET", .target = buffer_text(&target)};
    const struct client_transfer_limits limits = {
        .deadline_ns = clock_deadline_ns(limit_ns), .is_single = true, .kept = &events->kept};
    if (!client_fetch_init(&events->fetch, events->call.client, &asked, &limits, error))
        return PROGRESS_FAILED;
    client_fetch_set_limit(&events->fetch, events->limit_bytes);
    events->asked_ns = clock_monotonic_ns();
    events->state = CLIENT_EVENTS_ASKING;
    return PROGRESS_MOVED;
}

// --- responses ---

static enum events_progress take_info(struct pebble_events *events, const json_t *result, struct pebble_error *error) {
    struct pebble_system_info *info = client_system_info_read(result, error);
    if (info == NULL)
        return PROGRESS_FAILED;
    const char *boot_id = pebble_system_info_boot_id(info);
    bool is_valid = !text_is_empty(boot_id) || client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot read boot ID: empty");
    if (is_valid && !text_equal(boot_id, events->boot_id)) {
        free(events->boot_id);
        events->boot_id = memory_string(boot_id);
        events->is_ready_due = true;
    }
    pebble_system_info_destroy(info);
    events->is_back_due = events->is_lost;
    events->is_lost = false;
    events->is_known = true;
    events->is_other_daemon = true;
    return is_valid ? PROGRESS_MOVED : PROGRESS_FAILED;
}

// A daemon that does not keep the request must not be asked again at once.
static enum events_progress take_notices(struct pebble_events *events, const json_t *result,
                                         struct pebble_error *error) {
    struct pebble_notices *notices = client_notices_read(result, error);
    if (notices == NULL || !client_cursor_take(&events->cursor, notices, error))
        return PROGRESS_FAILED;
    events->is_other_daemon = false;
    events->pause_ns = 0;
    bool is_kept = clock_monotonic_ns() - events->asked_ns >= events->wait_ns / 2;
    if (pebble_notices_count(notices) == 0 && !is_kept)
        pause_for(events, EMPTY_PAUSE_NS);
    return PROGRESS_MOVED;
}

static enum events_progress take_change(struct pebble_events *events, const json_t *result,
                                        struct pebble_error *error) {
    struct pebble_change *change = client_change_read(result, error);
    if (change == NULL)
        return PROGRESS_FAILED;
    const struct pebble_notice *notice = client_cursor_notice(&events->cursor);
    if (events->is_other_daemon && client_change_is_other(change, notice, &events->data)) {
        pebble_change_destroy(change);
        change = NULL;
    }
    return give_change_event(events, change);
}

static enum events_progress take_response(struct pebble_events *events, struct client_response *response,
                                          struct pebble_error *error) {
    events->state = CLIENT_EVENTS_CHOOSING;
    if (!client_response_check(response, CLIENT_RESPONSE_SYNC, "GET", "", error))
        return PROGRESS_FAILED;
    switch (events->request) {
    case CLIENT_EVENTS_INFO:
        return take_info(events, response->result, error);
    case CLIENT_EVENTS_NOTICES:
        return take_notices(events, response->result, error);
    case CLIENT_EVENTS_CHANGE:
        break;
    }
    return take_change(events, response->result, error);
}

static enum events_progress take_failure(struct pebble_events *events, struct pebble_error *failure,
                                         struct pebble_error *error) {
    bool is_gone = failure->kind == PEBBLE_ERROR_API && failure->status == STATUS_NOT_FOUND;
    if (is_gone && events->request == CLIENT_EVENTS_CHANGE) {
        events->state = CLIENT_EVENTS_CHOOSING;
        return give_change_event(events, NULL);
    }
    if (is_passing(failure, events->fetch.transfer.exchange.status))
        return lose_connection(events, failure);
    client_fail_move(error, failure);
    return PROGRESS_FAILED;
}

static enum events_progress go_on_asking(struct pebble_events *events, struct pebble_error *error) {
    AUTO_CLIENT_RESPONSE struct client_response response = {0};
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    enum client_progress fetched = client_fetch_step(&events->fetch, &response, &failure);
    if (fetched == CLIENT_WAITING)
        return PROGRESS_WAITING;
    // Over a connection that the request has opened, the daemon may be another one.
    events->is_known =
        events->is_known && events->fetch.transfer.is_over_idle && client_connection_is_open(&events->kept);
    enum events_progress progress =
        fetched == CLIENT_DONE ? take_response(events, &response, error) : take_failure(events, &failure, error);
    client_fetch_finish(&events->fetch);
    return progress;
}

// --- what is next ---

static enum events_progress take_notice(struct pebble_events *events, const struct pebble_notice *notice,
                                        struct pebble_error *error) {
    if (text_equal(pebble_notice_type(notice), "custom"))
        return give_notice_event(events, PEBBLE_EVENT_CUSTOM_NOTICE);
    if (!text_equal(pebble_notice_type(notice), "change-update"))
        return give_notice_event(events, 0);
    client_change_data_finish(&events->data);
    if (!client_change_data_read(&events->data, notice, error))
        return PROGRESS_FAILED;
    if (client_change_data_is_wanted(&events->data, events->kinds))
        return ask(events, CLIENT_EVENTS_CHANGE, error);
    return give_notice_event(events, 0);
}

static enum events_progress choose(struct pebble_events *events, struct pebble_error *error) {
    if (events->is_back_due)
        return give_boot_event(events, &events->is_back_due, PEBBLE_EVENT_CONNECTION_BACK);
    if (events->is_ready_due)
        return give_boot_event(events, &events->is_ready_due, PEBBLE_EVENT_READY);
    if (events->is_lost)
        return ask(events, CLIENT_EVENTS_INFO, error);
    const struct pebble_notice *notice = client_cursor_notice(&events->cursor);
    return notice != NULL ? take_notice(events, notice, error) : ask(events, CLIENT_EVENTS_NOTICES, error);
}

static enum events_progress go_on(struct pebble_events *events, struct pebble_error *error) {
    switch (events->state) {
    case CLIENT_EVENTS_CHOOSING:
        return choose(events, error);
    case CLIENT_EVENTS_ASKING:
        return go_on_asking(events, error);
    case CLIENT_EVENTS_PAUSING:
        break;
    }
    if (clock_monotonic_ns() < events->resume_ns)
        return PROGRESS_WAITING;
    events->state = CLIENT_EVENTS_CHOOSING;
    return PROGRESS_MOVED;
}

// --- the call ---

static enum pebble_call_state events_step(struct pebble_call *call, struct pebble_error *error) {
    struct pebble_events *events = events_of(call);
    for (int moves = 0; moves < MOVES_MAX || events->state != CLIENT_EVENTS_CHOOSING; moves++) {
        clear_event(events);
        switch (go_on(events, error)) {
        case PROGRESS_MOVED:
            break;
        case PROGRESS_WAITING:
            return PEBBLE_CALL_RUNNING;
        case PROGRESS_EVENT:
            return PEBBLE_CALL_ITEM;
        case PROGRESS_FAILED:
            return PEBBLE_CALL_FAILED;
        }
    }
    pause_for(events, 0);
    return PEBBLE_CALL_RUNNING;
}

static bool events_watch(struct pebble_call *call, struct client_wants *wants, struct error *err) {
    struct pebble_events *events = events_of(call);
    if (events->state == CLIENT_EVENTS_ASKING)
        return client_transfer_watch(&events->fetch.transfer, wants, err);
    client_wants_time(wants, events->resume_ns);
    return true;
}

static void events_finish(struct pebble_call *call) {
    struct pebble_events *events = events_of(call);
    clear_event(events);
    client_fetch_finish(&events->fetch);
    client_connection_close(&events->kept);
    client_change_data_finish(&events->data);
    client_cursor_finish(&events->cursor);
    client_checks_seen_finish(&events->seen);
    free(TAKE(events->users));
}

const struct client_call_type client_events_type = {
    .size = sizeof(struct pebble_events), .step = events_step, .watch = events_watch, .finish = events_finish};

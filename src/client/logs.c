// SPDX-License-Identifier: LGPL-3.0-or-later
// Logs: one JSON object a line, of any length up to LINE_LIMIT_BYTES, for as long as they come. Each is an item of the
// call; what was received and not taken is kept, and nothing more received meanwhile. Declared in pebble.h.
#include "client/call_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/fetch_internal.h"
#include "client/fields_internal.h"
#include "client/options_internal.h"
#include "client/query_internal.h"

#define LINE_LIMIT_BYTES ((size_t)16777216)
#define OK 200

// --- an entry ---

struct pebble_log_entry {
    json_t *value; // owned: the line
    char *service;
    const char *time_text; // borrowed from the line
    const char *message;
    size_t message_length;
    int64_t time;
};

int64_t pebble_log_entry_time_ns(const struct pebble_log_entry *entry, const char **text) {
    if (text != NULL)
        *text = entry->time_text;
    return entry->time;
}

const char *pebble_log_entry_service(const struct pebble_log_entry *entry) {
    return entry->service;
}

const char *pebble_log_entry_message(const struct pebble_log_entry *entry, size_t *length) {
    if (length != NULL)
        *length = entry->message_length;
    return entry->message;
}

static void entry_finish(struct pebble_log_entry *entry) {
    json_decref(entry->value);
    free(entry->service);
    *entry = (struct pebble_log_entry){0};
}

// Members that are missing, or no strings, are empty.
static const char *string_or_empty(const json_t *value) {
    return json_is_string(value) ? json_string_value(value) : "";
}

static bool entry_read(struct pebble_log_entry *entry, const char *line, size_t length, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    entry_finish(entry);
    if (!client_json_read(line, length, &entry->value, &cause))
        return client_fail_because(error, "cannot unmarshal log: ", &cause);
    if (!json_is_object(entry->value))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal log: not an object");
    const json_t *service = json_member(entry->value, "service");
    const json_t *message = json_member(entry->value, "message");
    struct wall_time time = {0};
    entry->service = json_is_string(service) ? client_json_string(service, &cause) : memory_string("");
    entry->message = string_or_empty(message);
    entry->message_length = json_string_length(message);
    entry->time_text = string_or_empty(json_member(entry->value, "time"));
    if (!clock_parse(entry->time_text, &time))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal log: \"time\" is not a time");
    entry->time = time.is_set ? time.ns : 0;
    return !error_is_set(&cause) || client_fail_because(error, "cannot unmarshal log: ", &cause);
}

// --- the call ---

enum log_state {
    LOG_BEGINNING, // before the response's head
    LOG_STREAMING,
    LOG_REFUSED, // the response is no stream: it has an envelope
};

struct log_call {
    struct pebble_call call;
    struct client_fetch fetch; // its body is the beginning of a line whose end has not come yet
    enum log_state state;
    const char *unread; // of the piece that came last
    size_t unread_length;
    struct pebble_log_entry entry;
};

static struct log_call *log_of(struct pebble_call *call) {
    return CONTAINER_OF(call, struct log_call, call);
}

static enum pebble_call_state deliver(struct log_call *log, const char *line, size_t length,
                                      struct pebble_error *error) {
    return entry_read(&log->entry, line, length, error) ? PEBBLE_CALL_ITEM : PEBBLE_CALL_FAILED;
}

static enum pebble_call_state deliver_kept(struct log_call *log, struct pebble_error *error) {
    struct buffer *kept = &log->fetch.body;
    enum pebble_call_state state = deliver(log, buffer_text(kept), kept->length, error);
    buffer_clear(kept);
    return state;
}

// The next line of what is unread; RUNNING when that has no whole line any more, and is kept.
static enum pebble_call_state next_line(struct log_call *log, struct pebble_error *error) {
    if (log->unread_length == 0)
        return PEBBLE_CALL_RUNNING;
    struct buffer *kept = &log->fetch.body;
    const char *line = log->unread;
    const char *newline = memchr(line, '\n', log->unread_length);
    size_t length = newline != NULL ? (size_t)(newline - line) : log->unread_length;
    size_t taken = newline != NULL ? length + 1 : length;
    log->unread += taken;
    log->unread_length -= taken;
    if (newline != NULL && kept->length == 0)
        return deliver(log, line, length, error);
    buffer_add(kept, line, length);
    if (!buffer_is_whole(kept)) {
        client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot read log line: too long");
        return PEBBLE_CALL_FAILED;
    }
    return newline != NULL ? deliver_kept(log, error) : PEBBLE_CALL_RUNNING;
}

// Goes on with the stream until the next entry.
static enum pebble_call_state stream(struct log_call *log, struct pebble_error *error) {
    for (;;) {
        enum pebble_call_state state = next_line(log, error);
        if (state != PEBBLE_CALL_RUNNING)
            return state;
        switch (client_transfer_step(&log->fetch.transfer, &log->unread, &log->unread_length, error)) {
        case CLIENT_TRANSFER_WAITING:
            return PEBBLE_CALL_RUNNING;
        case CLIENT_TRANSFER_HEAD:
        case CLIENT_TRANSFER_BODY:
            break;
        case CLIENT_TRANSFER_END:
            return log->fetch.body.length > 0 ? deliver_kept(log, error) : PEBBLE_CALL_DONE;
        case CLIENT_TRANSFER_FAILED:
            return PEBBLE_CALL_FAILED;
        }
    }
}

static enum pebble_call_state refuse(struct log_call *log, struct pebble_error *error) {
    AUTO_CLIENT_RESPONSE struct client_response response = {0};
    switch (client_fetch_step(&log->fetch, &response, error)) {
    case CLIENT_WAITING:
        return PEBBLE_CALL_RUNNING;
    case CLIENT_DONE:
        client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot read logs: unexpected response");
        break;
    case CLIENT_FAILED:
        break;
    }
    return PEBBLE_CALL_FAILED;
}

static enum pebble_call_state begin(struct log_call *log, struct pebble_error *error) {
    switch (client_transfer_step(&log->fetch.transfer, &log->unread, &log->unread_length, error)) {
    case CLIENT_TRANSFER_WAITING:
        return PEBBLE_CALL_RUNNING;
    case CLIENT_TRANSFER_FAILED:
        return PEBBLE_CALL_FAILED;
    default:
        break;
    }
    log->unread_length = 0;
    if (log->fetch.transfer.exchange.status != OK) {
        log->state = LOG_REFUSED;
        return refuse(log, error);
    }
    log->state = LOG_STREAMING;
    log->fetch.transfer.failure_words = "cannot read log line: ";
    buffer_init(&log->fetch.body, LINE_LIMIT_BYTES);
    return stream(log, error);
}

static enum pebble_call_state log_step(struct pebble_call *call, struct pebble_error *error) {
    struct log_call *log = log_of(call);
    switch (log->state) {
    case LOG_BEGINNING:
        return begin(log, error);
    case LOG_STREAMING:
        return stream(log, error);
    case LOG_REFUSED:
        break;
    }
    return refuse(log, error);
}

static bool log_watch(struct pebble_call *call, struct client_wants *wants, struct error *err) {
    return client_transfer_watch(&log_of(call)->fetch.transfer, wants, err);
}

static void log_finish(struct pebble_call *call) {
    client_fetch_finish(&log_of(call)->fetch);
    entry_finish(&log_of(call)->entry);
}

static const struct client_call_type log_call_type = {
    .size = sizeof(struct log_call), .step = log_step, .watch = log_watch, .finish = log_finish};

const struct pebble_log_entry *pebble_call_log_entry(const struct pebble_call *call) {
    if (call->type != &log_call_type || call->state != PEBBLE_CALL_ITEM)
        return NULL;
    return &((const struct log_call *)(const void *)call)->entry;
}

static void write_target(struct buffer *target, const struct pebble_log_options *options) {
    buffer_add_string(target, "/v1/logs");
    client_add_query(target, "follow", &(const char *){"true"}, (options->flags & PEBBLE_LOGS_FOLLOW) != 0 ? 1 : 0);
    if (options->last != 0) {
        char number[24];
        (void)snprintf(number, sizeof number, "%" PRId64, options->last);
        client_add_query(target, "n", &(const char *){number}, 1);
    }
    client_add_query(target, "services", options->services, options->service_count);
}

bool pebble_call_get_logs(struct pebble_client *client, const struct pebble_log_options *options,
                          struct pebble_call **call, struct pebble_error *error) {
    struct pebble_log_options own;
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (!client_options_read(&own, sizeof own, options, error) ||
        !client_options_check_flags(own.flags, PEBBLE_LOGS_FOLLOW, error) ||
        !client_options_check_texts("names", own.services, own.service_count, error))
        return false;
    write_target(&target, &own);
    bool is_followed = (own.flags & PEBBLE_LOGS_FOLLOW) != 0;
    const struct client_request request = {.method = "GET", .target = buffer_text(&target)};
    const struct client_transfer_limits own_limits = client_transfer_limits_of(client);
    const struct client_transfer_limits none = {.deadline_ns = CLIENT_NO_DEADLINE};
    const struct client_transfer_limits *limits = is_followed ? &none : &own_limits;
    AUTO_CALL struct pebble_call *created = client_call_create(&log_call_type, client, error);
    if (created == NULL || !client_fetch_init(&log_of(created)->fetch, client, &request, limits, error))
        return false;
    *call = TAKE(created);
    return true;
}

// --- blocking ---

struct log_reader {
    pebble_log_fn on_entry;
    void *data;
};

static bool on_log_item(struct pebble_call *call, void *data) {
    const struct log_reader *reader = data;
    return reader->on_entry(pebble_call_log_entry(call), reader->data);
}

bool pebble_get_logs(struct pebble_client *client, const struct pebble_log_options *options, pebble_log_fn on_entry,
                     void *data, struct pebble_error *error) {
    AUTO_CALL struct pebble_call *call = NULL;
    struct log_reader reader = {on_entry, data};
    return pebble_call_get_logs(client, options, &call, error) && client_run(call, on_log_item, &reader, error);
}

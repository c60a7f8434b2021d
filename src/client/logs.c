// SPDX-License-Identifier: LGPL-3.0-or-later
// Logs: one JSON object a line, of any length up to LINE_LIMIT_BYTES, for as long as they come.
#include "client/response_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/text.h"
#include "client/fields_internal.h"

#define LINE_LIMIT_BYTES ((size_t)16777216)
#define LAST_DEFAULT (-2)
#define OK 200

struct log_stream {
    struct pebble_client *client;
    pebble_log_fn entry;
    void *data;
    struct buffer partial; // the beginning of a line whose end has not come yet
};

static const char *text_member(const json_t *object, const char *name, size_t *length) {
    const json_t *member = json_member(object, name);
    *length = json_string_length(member);
    return json_is_string(member) ? json_string_value(member) : "";
}

static bool deliver(const struct log_stream *stream, const char *line, size_t length, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    AUTO_JSON json_t *value = NULL;
    if (!json_read(line, length, &value, &cause))
        return client_fail_because(error, "cannot unmarshal log: ", &cause);
    if (!json_is_object(value))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal log: not an object");
    size_t ignored;
    struct pebble_log_entry entry = {
        .time_text = text_member(value, "time", &ignored),
        .service = text_member(value, "service", &ignored),
    };
    entry.message = text_member(value, "message", &entry.message_length);
    struct wall_time time = {0};
    if (!clock_parse(entry.time_text, &time))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal log: \"time\" is not a time");
    entry.time = time.is_set ? time.ns : 0;
    return stream->entry(&entry, stream->data) || client_fail(error, PEBBLE_ERROR_CANCELLED, "interrupted");
}

static bool keep_partial(struct log_stream *stream, const char *data, size_t length, struct pebble_error *error) {
    buffer_add(&stream->partial, data, length);
    if (!buffer_is_whole(&stream->partial))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot read log line: too long");
    return true;
}

static bool split(struct log_stream *stream, const char *data, size_t length, struct pebble_error *error) {
    const char *end = data + length;
    while (data < end) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        size_t piece = (size_t)((newline != NULL ? newline : end) - data);
        if (newline != NULL && stream->partial.length == 0) {
            if (!deliver(stream, data, piece, error))
                return false;
        } else if (!keep_partial(stream, data, piece, error)) {
            return false;
        } else if (newline != NULL) {
            if (!deliver(stream, buffer_text(&stream->partial), stream->partial.length, error))
                return false;
            buffer_clear(&stream->partial);
        }
        data += piece + (newline != NULL ? 1 : 0);
    }
    return true;
}

static bool read_stream(struct log_stream *stream, struct pebble_error *error) {
    for (;;) {
        const char *data;
        size_t length;
        if (!client_request_read(stream->client, &data, &length, error))
            return false;
        if (length == 0) {
            const struct buffer *rest = &stream->partial;
            return rest->length == 0 || deliver(stream, buffer_text(rest), rest->length, error);
        }
        if (!split(stream, data, length, error)) {
            client_request_drop(stream->client);
            return false;
        }
    }
}

static void write_target(struct buffer *target, const struct pebble_log_options *options) {
    buffer_add_string(target, "/v1/logs");
    client_add_query(target, "services", options->services, options->service_count);
    if (options->last != LAST_DEFAULT) {
        char number[24];
        snprintf(number, sizeof number, "%" PRId64, options->last);
        client_add_query(target, "n", &(const char *){number}, 1);
    }
    client_add_query(target, "follow", &(const char *){"true"}, options->follow ? 1 : 0);
}

// Only an answer that is refused has an envelope.
static bool read_refusal(struct pebble_client *client, struct pebble_error *error) {
    AUTO_CLIENT_RESPONSE struct client_response answer = {0};
    if (client_response_read(client, &answer, error))
        return client_fail(error, PEBBLE_ERROR_PROTOCOL, "cannot read logs: unexpected response");
    return false;
}

bool pebble_get_logs(struct pebble_client *client, const struct pebble_log_options *options, pebble_log_fn entry,
                     void *data, struct pebble_error *error) {
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    write_target(&target, options);
    const struct client_request request = {.method = "GET", .target = buffer_text(&target)};
    if (!client_request_begin(client, &request, error))
        return false;
    if (client_request_head(client)->status != OK)
        return read_refusal(client, error);
    struct log_stream stream = {client, entry, data, BUFFER_INIT(LINE_LIMIT_BYTES)};
    bool is_fine = read_stream(&stream, error);
    buffer_finish(&stream.partial);
    return is_fine;
}

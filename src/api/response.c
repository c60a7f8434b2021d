// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/response_internal.h"

#include <stdarg.h>
#include <string.h>

#include "api/api_internal.h"
#include "base/memory.h"
#include "http/http_response.h"
#include "state/notice.h"
#include "wire/http_message.h"

#define USUAL_ENVELOPE_BYTES 256
#define MESSAGE_MAX_BYTES ((size_t)65536)

static const int status_of_kind[] = {
    [ERROR_NONE] = 500,
    [ERROR_INTERNAL] = 500,
    [ERROR_BAD_REQUEST] = 400,
    [ERROR_NOT_FOUND] = 404,
    [ERROR_FORBIDDEN] = 403,
    [ERROR_UNAUTHORIZED] = 401,
    [ERROR_TIMEOUT] = 504,
    [ERROR_METHOD_NOT_ALLOWED] = 405,
    [ERROR_CONFLICT] = 409,
    [ERROR_TOO_LARGE] = 413,
    [ERROR_UNAVAILABLE] = 503,
    [ERROR_CANCELLED] = 500,
    [ERROR_NOT_IMPLEMENTED] = 501,
    [ERROR_CONNECTION] = 500,
};

// Writes the envelope up to the result.
static void begin_envelope(struct json_writer *writer, const char *type, int status) {
    json_writer_begin_object(writer);
    json_writer_member_string(writer, "type", type);
    json_writer_member_int(writer, "status-code", status);
    json_writer_member_string(writer, "status", http_status_text(status));
}

static void end_envelope(const struct api *api, struct json_writer *writer, bool is_error) {
    struct wall_time latest = is_error ? (struct wall_time){0} : state_latest_warning(api->spec.state);
    if (latest.is_set) {
        char text[CLOCK_TEXT_SIZE];
        clock_format(latest, text);
        json_writer_member_string(writer, "latest-warning", text);
    }
    if (api->maintenance_kind != NULL) {
        json_writer_key(writer, "maintenance");
        json_writer_begin_object(writer);
        json_writer_member_string(writer, "message", api->maintenance_message);
        json_writer_member_string(writer, "kind", api->maintenance_kind);
        json_writer_end_object(writer);
    }
    json_writer_end_object(writer);
}

// The result is not copied.
void api_respond_result_status(struct api_call *call, int status, const struct buffer *result) {
    char memory[USUAL_ENVELOPE_BYTES];
    AUTO_BUFFER struct buffer text;
    buffer_lend(&text, memory, sizeof memory);
    struct json_writer writer;
    json_writer_init(&writer, &text, true);
    begin_envelope(&writer, "sync", status);
    json_writer_key(&writer, "result");
    json_writer_raw(&writer, "", 0);
    size_t before = text.length;
    end_envelope(call->api, &writer, false);
    const struct iovec pieces[3] = {{.iov_base = text.data, .iov_len = before},
                                    {.iov_base = result->data, .iov_len = result->length},
                                    {.iov_base = text.data + before, .iov_len = text.length - before}};
    http_respond_pieces(call->exchange, status, JSON_CONTENT_TYPE, pieces, 3);
}

void api_respond_result(struct api_call *call, const struct buffer *result) {
    api_respond_result_status(call, 200, result);
}

void api_respond_true(struct api_call *call) {
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&result, "true");
    api_respond_result(call, &result);
}

// --- responses that wait for the state file ---

static void send_saved(struct share_call *turn) {
    // What was asked for is done also if saving has failed, or takes too long. A warning tells of it, whose time is in
    // the envelope.
    struct api_call *call = CONTAINER_OF(turn, struct api_call, saved_turn);
    end_envelope(call->api, &call->saved_writer, false);
    struct buffer response = call->saved_response;
    call->saved_response = (struct buffer){0};
    http_respond(call->exchange, call->saved_status, JSON_CONTENT_TYPE, response.data, response.length);
    buffer_finish(&response);
}

// Very many may have waited for the same file.
static void on_state_saved(struct checkpoint_wait *wait, bool is_saved UNUSED) {
    struct api_call *call = CONTAINER_OF(wait, struct api_call, save);
    http_exchange_defer(call->exchange, &call->saved_turn, send_saved);
}

static void begin_saved_response(struct api_call *call, const char *type, int status) {
    buffer_init(&call->saved_response, BUFFER_NO_LIMIT);
    json_writer_init(&call->saved_writer, &call->saved_response, true);
    begin_envelope(&call->saved_writer, type, status);
}

static void respond_when_saved(struct api_call *call, int status) {
    call->saved_status = status;
    checkpoint_wait(call->api->spec.checkpoint, &call->save, on_state_saved);
}

void api_respond_saved(struct api_call *call) {
    begin_saved_response(call, "sync", 200);
    respond_when_saved(call, 200);
}

void api_respond_saved_result(struct api_call *call, const struct buffer *result) {
    begin_saved_response(call, "sync", 200);
    json_writer_key(&call->saved_writer, "result");
    json_writer_raw(&call->saved_writer, result->data, result->length);
    respond_when_saved(call, 200);
}

void api_respond_change_result(struct api_call *call, const struct change *change, const struct buffer *result) {
    begin_saved_response(call, "async", 202);
    json_writer_member_string(&call->saved_writer, "change", change_id(change));
    json_writer_key(&call->saved_writer, "result");
    json_writer_raw(&call->saved_writer, result->data, result->length);
    respond_when_saved(call, 202);
}

void api_respond_change(struct api_call *call, const struct change *change) {
    AUTO_BUFFER struct buffer result = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&result, "null");
    api_respond_change_result(call, change, &result);
}

// --- errors ---

// Both texts may contain what the client has sent.
static void write_text(struct json_writer *writer, const char *name, const char *text) {
    size_t length = strnlen(text, MESSAGE_MAX_BYTES + 1);
    if (length <= MESSAGE_MAX_BYTES) {
        json_writer_member_string(writer, name, text);
        return;
    }
    AUTO_FREE char *start = memory_string_n(text, MESSAGE_MAX_BYTES);
    AUTO_FREE char *cut = memory_printf("%s\xe2\x80\xa6", start);
    json_writer_member_string(writer, name, cut);
}

static void add_error(const struct api *api, const struct error *err, int status, struct buffer *text) {
    struct json_writer writer;
    json_writer_init(&writer, text, true);
    begin_envelope(&writer, "error", status);
    json_writer_key(&writer, "result");
    json_writer_begin_object(&writer);
    write_text(&writer, "message", error_text(err));
    if (err->code != NULL)
        json_writer_member_string(&writer, "kind", err->code);
    if (err->advice != NULL)
        write_text(&writer, "advice", err->advice);
    json_writer_end_object(&writer);
    end_envelope(api, &writer, true);
}

void api_respond_error(struct api_call *call, const struct error *err) {
    int status = status_of_kind[err->kind];
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_error(call->api, err, status, &text);
    http_respond(call->exchange, status, JSON_CONTENT_TYPE, text.data, text.length);
}

// The reference has begun a response in plain text when it adds that of an internal error.
void api_respond_bad_handshake(struct api_call *call, const struct error *err) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, "Bad Request\n");
    add_error(call->api, err, 500, &text);
    http_exchange_set_header(call->exchange, "Sec-WebSocket-Version", "13"); // RFC 6455 section 4.4
    http_exchange_set_header(call->exchange, "X-Content-Type-Options", "nosniff");
    http_respond(call->exchange, 400, "text/plain; charset=utf-8", text.data, text.length);
}

void api_respond_failure(struct api_call *call, enum error_kind kind, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    struct error err = {.kind = kind, .message = memory_vprintf(format, arguments)};
    va_end(arguments);
    api_respond_error(call, &err);
    error_clear(&err);
}

void api_respond_decode_error(struct api_call *call, const struct error *err) {
    api_respond_failure(call, ERROR_BAD_REQUEST, "%s: %s", call->decode_error, error_text(err));
}

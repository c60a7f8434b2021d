// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/exchange_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"

#define INTERIM_RESPONSES_MAX 20
#define SWITCHING_PROTOCOLS 101
#define TOO_LARGE 431
#define PIECE_BYTES ((size_t)262144)
#define CHUNK_HEAD_BYTES ((size_t)8) // room for the size of a piece in hexadecimal, and a line end
#define LINE_END_BYTES ((size_t)2)

// --- the request ---

// What is sent has to be one line of the form that the daemon reads (RFC 9112 section 3).
static bool is_sendable(const struct client_request *request) {
    if (text_is_empty(request->method) || request->target == NULL || request->target[0] != '/')
        return false;
    for (const char *c = request->target; *c != '\0'; c++) {
        if (*c <= ' ' || *c == 0x7f)
            return false;
    }
    for (const char *c = request->method; *c != '\0'; c++) {
        if (*c < 'A' || *c > 'Z')
            return false;
    }
    return true;
}

static void add_source_headers(const struct client_request *request, struct buffer *out) {
    buffer_printf(out, "Content-Type: %s\r\n", request->source_type);
    if (request->source->has_length)
        buffer_printf(out, "Content-Length: %" PRIu64 "\r\n\r\n", request->source->length);
    else
        buffer_add_string(out, "Transfer-Encoding: chunked\r\n\r\n");
}

static void write_request(const struct client_endpoint *endpoint, const struct client_request *request,
                          struct buffer *out) {
    buffer_printf(out, "%s %s%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: pebble/%s\r\n", request->method, endpoint->prefix,
                  request->target, endpoint->authority, PEBBLE_VERSION);
    if (endpoint->authorization != NULL)
        buffer_printf(out, "Authorization: %s\r\n", endpoint->authorization);
    if (request->websocket_key != NULL) {
        buffer_printf(out,
                      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: %s\r\n",
                      request->websocket_key);
    }
    if (request->accept != NULL)
        buffer_printf(out, "Accept: %s\r\n", request->accept);
    if (request->source != NULL) {
        add_source_headers(request, out);
    } else if (request->body != NULL) {
        buffer_printf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", request->body_length);
        buffer_add(out, request->body, request->body_length);
    } else {
        buffer_add_string(out, text_equal(request->method, "GET") ? "\r\n" : "Content-Length: 0\r\n\r\n");
    }
}

// As the reference writes it: `Get "http://localhost/v1/plan"`.
static char *shown_request(const struct client_endpoint *endpoint, const struct client_request *request) {
    AUTO_FREE char *url = memory_printf("%s://%s%s%s%s", endpoint->is_https ? "https" : "http", endpoint->shown_user,
                                        endpoint->authority, endpoint->prefix, request->target);
    AUTO_FREE char *quoted = text_quoted(url);
    char *shown = memory_printf("%s %s", request->method, quoted);
    for (char *c = shown + 1; *c >= 'A' && *c <= 'Z'; c++)
        *c = (char)(*c - 'A' + 'a');
    return shown;
}

bool client_exchange_init(struct client_exchange *exchange, const struct client_endpoint *endpoint,
                          const struct client_request *request, struct pebble_error *error) {
    if (!is_sendable(request))
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot build request: invalid method or path");
    *exchange = (struct client_exchange){.output = BUFFER_INIT(BUFFER_NO_LIMIT)};
    exchange->shown = shown_request(endpoint, request);
    exchange->is_head = text_equal(request->method, "HEAD");
    if (request->source != NULL)
        exchange->body = (struct client_body){.is_open = true, .is_chunked = !request->source->has_length};
    write_request(endpoint, request, &exchange->output);
    if (request->websocket_key != NULL)
        memcpy(exchange->websocket_key, request->websocket_key, WEBSOCKET_KEY_SIZE);
    http_reader_init(&exchange->reader, HTTP_READ_RESPONSE);
    return true;
}

void client_exchange_finish(struct client_exchange *exchange) {
    free(exchange->shown);
    buffer_finish(&exchange->output);
    free(exchange->body.piece);
    http_reader_finish(&exchange->reader);
    *exchange = (struct client_exchange){0};
}

void client_exchange_restart(struct client_exchange *exchange) {
    http_reader_finish(&exchange->reader);
    http_reader_init(&exchange->reader, HTTP_READ_RESPONSE);
    exchange->sent = 0;
    exchange->input_length = 0;
    exchange->interim_count = 0;
    exchange->status = 0;
}

static bool is_output_sent(const struct client_exchange *exchange) {
    return exchange->sent == exchange->output.length;
}

const char *client_exchange_output(const struct client_exchange *exchange, size_t *length) {
    const struct client_body *body = &exchange->body;
    if (is_output_sent(exchange) && body->start < body->end) {
        *length = body->end - body->start;
        return body->piece + body->start;
    }
    *length = exchange->output.length - exchange->sent;
    return exchange->output.data + exchange->sent;
}

void client_exchange_note_sent(struct client_exchange *exchange, size_t length) {
    if (is_output_sent(exchange))
        exchange->body.start += length;
    else
        exchange->sent += length;
}

// --- a body in pieces ---

bool client_exchange_wants_piece(const struct client_exchange *exchange) {
    return exchange->body.is_open && is_output_sent(exchange) && exchange->body.start == exchange->body.end;
}

char *client_exchange_piece(struct client_exchange *exchange, size_t *size) {
    struct client_body *body = &exchange->body;
    if (body->piece == NULL)
        body->piece = memory_new(CHUNK_HEAD_BYTES + PIECE_BYTES + LINE_END_BYTES);
    *size = PIECE_BYTES;
    return body->piece + CHUNK_HEAD_BYTES;
}

// RFC 9112 section 7.1: the size before the piece, a line end behind it. The last chunk is empty.
static void add_chunk_frame(struct client_body *body, size_t length) {
    char head[CHUNK_HEAD_BYTES + 1];
    int head_length = snprintf(head, sizeof head, "%zx\r\n", length);
    body->start -= (size_t)head_length;
    memcpy(body->piece + body->start, head, (size_t)head_length);
    memcpy(body->piece + body->end, "\r\n", LINE_END_BYTES);
    body->end += LINE_END_BYTES;
}

void client_exchange_add_piece(struct client_exchange *exchange, size_t length) {
    struct client_body *body = &exchange->body;
    body->is_open = length > 0;
    body->start = CHUNK_HEAD_BYTES;
    body->end = CHUNK_HEAD_BYTES + length;
    if (body->is_chunked)
        add_chunk_frame(body, length);
}

// --- the response ---

void client_exchange_add_input(struct client_exchange *exchange, const char *bytes, size_t length) {
    exchange->input = bytes;
    exchange->input_length = length;
}

bool client_exchange_end_input(struct client_exchange *exchange, struct error *err) {
    if (exchange->status == 0 && http_reader_is_idle(&exchange->reader))
        return error_set(err, ERROR_CONNECTION, "EOF");
    return http_reader_end(&exchange->reader) || error_set(err, ERROR_CONNECTION, "unexpected EOF");
}

static const char malformed[] = "malformed HTTP response";

static bool fail_malformed(struct error *err, const char *reason) {
    return error_set(err, ERROR_INTERNAL, "%s: %s", malformed, reason);
}

// Its status is the one that a server would respond with.
static bool fail_reader(const struct http_reader *reader, struct error *err) {
    const char *reason = http_reader_reason(reader);
    if (http_reader_status(reader) == TOO_LARGE)
        return fail_malformed(err, "headers too large");
    return text_equal(reason, malformed) ? error_set(err, ERROR_INTERNAL, "%s", malformed)
                                         : fail_malformed(err, reason);
}

static bool take_switch(struct client_exchange *exchange, const struct http_head *head, struct error *err) {
    const char *reason = "unexpected switch of protocols";
    if (exchange->websocket_key[0] == '\0' || !websocket_check_response(head, exchange->websocket_key, &reason))
        return fail_malformed(err, reason);
    exchange->status = SWITCHING_PROTOCOLS;
    http_reader_skip_body(&exchange->reader);
    return true;
}

// Interim responses (RFC 9110 section 15.2) are passed over: the status stays 0.
static bool take_head(struct client_exchange *exchange, struct error *err) {
    const struct http_head *head = http_reader_head(&exchange->reader);
    if (head->status == SWITCHING_PROTOCOLS)
        return take_switch(exchange, head, err);
    if (head->status < 200 && ++exchange->interim_count == INTERIM_RESPONSES_MAX)
        return fail_malformed(err, "too many interim responses");
    if (head->status >= 200) {
        exchange->status = head->status;
        exchange->is_keep_alive = head->is_keep_alive;
    }
    if (head->status < 200 || head->status == 204 || head->status == 304 || exchange->is_head)
        http_reader_skip_body(&exchange->reader);
    return true;
}

enum client_exchange_event client_exchange_next(struct client_exchange *exchange, const char **data, size_t *length,
                                                struct error *err) {
    for (;;) {
        switch (http_reader_next(&exchange->reader, &exchange->input, &exchange->input_length, data, length)) {
        case HTTP_NEED_MORE:
            return CLIENT_EXCHANGE_NEED_INPUT;
        case HTTP_HEAD:
            if (!take_head(exchange, err))
                return CLIENT_EXCHANGE_FAILED;
            if (exchange->status != 0)
                return CLIENT_EXCHANGE_HEAD;
            break;
        case HTTP_BODY:
            return CLIENT_EXCHANGE_BODY;
        case HTTP_END:
            if (exchange->status != 0)
                return CLIENT_EXCHANGE_END;
            break;
        case HTTP_FAILED:
            (void)fail_reader(&exchange->reader, err);
            return CLIENT_EXCHANGE_FAILED;
        }
    }
}

bool client_exchange_has_switched(const struct client_exchange *exchange) {
    return exchange->status == SWITCHING_PROTOCOLS;
}

bool client_exchange_leaves_connection(const struct client_exchange *exchange) {
    bool is_sent = is_output_sent(exchange) && !exchange->body.is_open && exchange->body.start == exchange->body.end;
    return exchange->is_keep_alive && is_sent && exchange->input_length == 0;
}

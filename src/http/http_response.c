// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/http_response.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "http/exchange_internal.h"

// --- headers ---

// Returns the line of a header that has been set, NULL if it has not.
static char *find_header(const struct buffer *headers, const char *name) {
    size_t length = strlen(name);
    for (char *line = headers->data; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1) {
        if (strncasecmp(line, name, length) == 0 && line[length] == ':')
            return line;
    }
    return NULL;
}

static void remove_header(struct buffer *headers, const char *name) {
    char *line = find_header(headers, name);
    if (line == NULL)
        return;
    const char *rest = strchr(line, '\n') + 1;
    size_t rest_length = (size_t)(headers->data + headers->length - rest);
    size_t kept = (size_t)(line - headers->data);
    memmove(line, rest, rest_length);
    buffer_truncate(headers, kept + rest_length);
}

void http_exchange_set_header(struct http_exchange *exchange, const char *name, const char *value) {
    struct buffer *headers = &exchange->headers;
    remove_header(headers, name);
    buffer_add_string(headers, name);
    buffer_add_string(headers, ": ");
    for (const char *at = value; *at != '\0'; at++) {
        bool is_control = (unsigned char)*at < ' ' || *at == 0x7f;
        buffer_add_char(headers, is_control ? ' ' : *at);
    }
    buffer_add_string(headers, "\r\n");
}

// Whether the rest of the body is too large to be skipped.
static bool leaves_too_much(const struct http_exchange *exchange) {
    const struct http_head *head = &exchange->request.head;
    if (exchange->progress != BODY_COMING)
        return false;
    if (head->has_expect_continue && !exchange->has_granted_body)
        return true; // the client may or may not send the body
    return head->has_length && head->length > exchange->connection->all->limits.skipped_bytes;
}

// Completes the head with what depends on connection and exchange, and writes it.
static void write_head(struct http_exchange *exchange, struct response_head *head, const struct iovec *body,
                       size_t count) {
    struct connection *connection = exchange->connection;
    head->is_http_1_0 = exchange->request.head.minor_version == 0;
    head->status = exchange->status;
    head->headers = &exchange->headers;
    head->date = response_date_now(&connection->all->date);
    if (leaves_too_much(exchange) || connection->all->is_stopping)
        connection->closes_next = true;
    if (connection->closes_next == !head->is_http_1_0) // differs from the version's rule
        head->connection = connection->closes_next ? "close" : "keep-alive";
    connection_write_response(connection, head, body, count);
}

// --- whole responses ---

void http_respond_pieces(struct http_exchange *exchange, int status, const char *content_type,
                         const struct iovec *pieces, size_t count) {
    exchange->status = status;
    if (exchange->connection != NULL) {
        struct response_head head = {.content_type = content_type, .framing = FRAMING_LENGTH};
        for (size_t i = 0; i < count; i++)
            head.length += pieces[i].iov_len;
        write_head(exchange, &head, pieces, exchange->is_head_method ? 0 : count);
    }
    exchange_end(exchange);
}

void http_respond(struct http_exchange *exchange, int status, const char *content_type, const void *body,
                  size_t length) {
    const struct iovec piece = {.iov_base = (void *)(uintptr_t)body, .iov_len = length};
    http_respond_pieces(exchange, status, content_type, &piece, length > 0 ? 1 : 0);
}

void http_respond_redirect(struct http_exchange *exchange, const char *location) {
    http_exchange_set_header(exchange, "Location", location);
    http_respond(exchange, 301, NULL, NULL, 0);
}

// --- streams ---

static void write_bytes(const struct http_exchange *exchange, const void *bytes, size_t length) {
    struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
    connection_write(exchange->connection, &piece, 1);
}

void http_stream_begin(struct http_exchange *exchange, int status, const char *content_type) {
    exchange->status = status;
    exchange->is_streaming = true;
    struct connection *connection = exchange->connection;
    if (connection == NULL)
        return;
    exchange->is_chunked = exchange->request.head.minor_version == 1;
    if (!exchange->is_chunked)
        connection->closes_next = true; // this marks the end of the body
    struct response_head head = {.content_type = content_type,
                                 .framing = exchange->is_chunked ? FRAMING_CHUNKED : FRAMING_NONE};
    write_head(exchange, &head, NULL, 0);
    http_exchange_skip_body(exchange);
    if (exchange->connection != NULL)
        connection_begin_stream(connection);
}

void http_stream_write(struct http_exchange *exchange, const void *data, size_t length) {
    if (exchange->connection == NULL || length == 0 || exchange->is_head_method)
        return;
    if (!exchange->is_chunked) {
        write_bytes(exchange, data, length);
        return;
    }
    char size[24];
    int digits = snprintf(size, sizeof size, "%zx\r\n", length);
    char end[] = "\r\n";
    struct iovec pieces[3] = {{.iov_base = size, .iov_len = (size_t)digits},
                              {.iov_base = (void *)(uintptr_t)data, .iov_len = length},
                              {.iov_base = end, .iov_len = 2}};
    connection_write(exchange->connection, pieces, 3);
}

size_t http_stream_pending(const struct http_exchange *exchange) {
    return exchange->connection != NULL ? connection_queued_bytes(exchange->connection) : 0;
}

void http_stream_on_drain(struct http_exchange *exchange, void (*on_drain)(struct http_exchange *exchange, void *data),
                          void *data) {
    exchange->on_drain = on_drain;
    exchange->drain_data = data;
}

void exchange_drained(struct http_exchange *exchange) {
    if (exchange->on_drain != NULL)
        exchange->on_drain(exchange, exchange->drain_data);
}

void http_stream_end(struct http_exchange *exchange) {
    if (exchange->connection != NULL && exchange->is_chunked && !exchange->is_head_method)
        write_bytes(exchange, "0\r\n\r\n", 5);
    exchange_end(exchange);
}

// --- another protocol ---

static bool can_be_upgraded(const struct http_exchange *exchange, struct error *err) {
    if (exchange->request.head.minor_version == 0)
        return error_set(err, ERROR_BAD_REQUEST, "cannot upgrade HTTP/1.0");
    if (exchange->progress != BODY_COMPLETE)
        return error_set(err, ERROR_BAD_REQUEST, "cannot upgrade before the request's body has been read");
    const struct connection *connection = exchange->connection;
    if (connection == NULL || connection->has_ended || stream_is_broken(connection->stream))
        return error_set(err, ERROR_CANCELLED, "cannot upgrade: client has gone");
    return true;
}

bool http_upgrade(struct http_exchange *exchange, const char *protocol, http_upgraded_fn on_upgraded, void *data,
                  struct error *err) {
    if (!can_be_upgraded(exchange, err))
        return false;
    const struct response_head head = {
        .status = 101, .upgrade = protocol, .connection = "Upgrade", .headers = &exchange->headers};
    exchange->status = head.status;
    connection_upgrade(exchange->connection, on_upgraded, data);
    connection_write_response(exchange->connection, &head, NULL, 0);
    exchange_end(exchange);
    return true;
}

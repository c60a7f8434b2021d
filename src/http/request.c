// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/http_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static void name_remote(struct http_request *request) {
    struct sockaddr_storage address;
    int length = sizeof address;
    if (request->transport != HTTP_OVER_TCP ||
        uv_tcp_getpeername(&request->connection->handle.tcp, (struct sockaddr *)&address, &length) != 0)
        return;
    char text[INET6_ADDRSTRLEN] = "";
    if (address.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&address;
        (void)inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        (void)snprintf(request->remote, sizeof request->remote, "%s:%u", text, ntohs(in->sin_port));
        return;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address;
    if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
        (void)inet_ntop(AF_INET, in6->sin6_addr.s6_addr + 12, text, sizeof text);
        (void)snprintf(request->remote, sizeof request->remote, "%s:%u", text, ntohs(in6->sin6_port));
        return;
    }
    (void)inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text);
    (void)snprintf(request->remote, sizeof request->remote, "[%s]:%u", text, ntohs(in6->sin6_port));
}

struct http_request *request_create(struct connection *connection, const struct http_head *head) {
    struct url_target target;
    if (!url_target_parse(head->target, head->target_length, &target))
        return NULL;
    if (strlen(target.path) != target.path_length) { // a %00: no path of ours has one
        url_target_finish(&target);
        return NULL;
    }
    struct http_request *request = memory_new(sizeof *request);
    request->target = target;
    request->server = connection->server;
    request->connection = connection;
    request->transport = connection->transport;
    request->peer = connection->peer;
    request->head = *head;
    request->method = memory_string(head->method);
    request->is_head_method = text_equal(head->method, "HEAD");
    request->began_ns = clock_monotonic_ns();
    name_remote(request);
    list_add(&connection->server->requests, &request->link);
    return request;
}

static void request_destroy(struct http_request *request) {
    free(request->method);
    url_target_finish(&request->target);
    if (request->has_query)
        url_query_finish(&request->query);
    buffer_finish(&request->body);
    free(request);
}

// --- what the handler asks ---

const struct http_head *http_request_head(const struct http_request *request) {
    return &request->head;
}

const char *http_request_method(const struct http_request *request) {
    return request->method;
}

const char *http_request_path(const struct http_request *request) {
    return request->target.path;
}

const char *http_request_raw_query(const struct http_request *request) {
    return request->target.raw_query != NULL ? request->target.raw_query : "";
}

const struct url_query *http_request_query(struct http_request *request) {
    if (!request->has_query) {
        const char *raw = http_request_raw_query(request);
        url_query_parse(&request->query, raw, strlen(raw));
        request->has_query = true;
    }
    return &request->query;
}

void http_request_log_target(const struct http_request *request, struct buffer *out) {
    url_add_path_escaped(out, request->target.path, request->target.path_length);
    const char *query = http_request_raw_query(request);
    if (query[0] != '\0') {
        buffer_add_char(out, '?');
        buffer_add_string(out, query);
    }
}

enum http_transport http_request_transport(const struct http_request *request) {
    return request->transport;
}

struct peer http_request_peer(const struct http_request *request) {
    return request->peer;
}

const char *http_request_remote(const struct http_request *request) {
    return request->remote;
}

void http_request_set_context(struct http_request *request, void *context) {
    request->context = context;
}

void *http_request_context(const struct http_request *request) {
    return request->context;
}

// --- bodies ---

static void report_body(struct http_request *request, const struct error *err) {
    http_body_fn on_body = request->on_body;
    request->on_body = NULL;
    on_body(request, &request->body, err, request->body_data);
}

static void report_bad_body(struct http_request *request, enum error_kind kind, const char *reason) {
    AUTO_ERROR struct error err = {0};
    error_set(&err, kind, "%s", reason);
    report_body(request, &err);
}

static void report_large_body(struct http_request *request) {
    AUTO_FREE char *reason = memory_printf("request body is larger than %zu bytes", request->body.limit_bytes);
    report_bad_body(request, ERROR_TOO_LARGE, reason);
}

// A client that waits for leave to send its body is given it.
static void ask_for_body(struct http_request *request) {
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!request->head.has_expect_continue || request->body_has_begun)
        return;
    request->body_has_begun = true;
    struct iovec piece = {.iov_base = (void *)(uintptr_t)go_on, .iov_len = sizeof go_on - 1};
    connection_write(request->connection, &piece, 1);
}

void http_request_read_body(struct http_request *request, size_t limit_bytes, http_body_fn on_body, void *data) {
    const struct http_head *head = &request->head;
    request->on_body = on_body;
    request->body_data = data;
    buffer_init(&request->body, limit_bytes);
    if (!head->has_body)
        report_body(request, NULL);
    else if (request->body_has_ended || request->connection == NULL)
        report_bad_body(request, ERROR_BAD_REQUEST, "unexpected EOF");
    else if (head->has_length && head->length > limit_bytes)
        report_large_body(request);
    else
        ask_for_body(request);
}

void request_body_piece(struct http_request *request, const char *data, size_t length) {
    request->body_has_begun = true;
    if (request->on_body == NULL)
        return;
    buffer_add(&request->body, data, length);
    if (!buffer_is_whole(&request->body))
        report_large_body(request);
}

// The reader lets go of the head when the message has ended.
static void forget_headers(struct http_request *request) {
    request->head.method = request->method;
    request->head.target = NULL;
    request->head.target_length = 0;
    request->head.headers = NULL;
    request->head.header_count = 0;
}

void request_body_end(struct http_request *request, const struct error *err) {
    forget_headers(request);
    request->body_has_ended = true;
    if (request->on_body != NULL)
        report_body(request, err);
}

// --- cancelling ---

// Whether nothing more can come from the client, be it that it is gone or that it has only said so.
static bool is_abandoned(const struct http_request *request) {
    const struct connection *connection = request->connection;
    return connection == NULL || (connection->has_ended && !connection->in_message && connection->input.length == 0);
}

void request_notify_closed(struct http_request *request) {
    if (request->connection == NULL && request->on_body != NULL) {
        report_bad_body(request, ERROR_BAD_REQUEST, "unexpected EOF");
    } else if (!is_abandoned(request)) {
        return;
    } else if (request->on_cancel != NULL && !request->was_cancelled) {
        request->was_cancelled = true;
        request->on_cancel(request, request->cancel_data);
    } else if (request->connection == NULL) {
        request_drained(request);
    }
}

static void on_closed_deferred(struct deferred *closed_call) {
    request_notify_closed(CONTAINER_OF(closed_call, struct http_request, closed_call));
}

void request_notify_closed_later(struct http_request *request) {
    loop_defer(request->server->loop, &request->closed_call, on_closed_deferred);
}

void http_request_on_cancel(struct http_request *request, http_cancel_fn on_cancel, void *data) {
    request->on_cancel = on_cancel;
    request->cancel_data = data;
    if (is_abandoned(request))
        request_notify_closed_later(request);
}

void request_lose_connection(struct http_request *request) {
    forget_headers(request);
    request->connection = NULL;
    request_notify_closed_later(request);
}

// --- answers ---

static void finish_request(struct http_request *request) {
    struct http_server *server = request->server;
    struct connection *connection = request->connection;
    loop_defer_cancel(server->loop, &request->closed_call);
    list_remove(&request->link);
    if (server->hooks.responded != NULL)
        server->hooks.responded(request, request->status, clock_monotonic_ns() - request->began_ns, server->hooks.data);
    request_destroy(request);
    if (connection != NULL) {
        connection->request = NULL;
        connection_update(connection);
    }
    server_request_ended(server);
}

// Whether the body that is still to come is too much to be skipped.
static bool leaves_too_much(const struct http_request *request) {
    const struct http_head *head = &request->head;
    if (request->body_has_ended || !head->has_body)
        return false;
    if (head->has_expect_continue && !request->body_has_begun)
        return true; // the client may or may not send it: nobody can know
    return head->has_length && head->length > request->server->limits.skipped_bytes;
}

static void add_head(struct http_request *request, struct buffer *out, const char *content_type) {
    struct connection *connection = request->connection;
    if (leaves_too_much(request) || connection->server->is_stopping)
        connection->closes_next = true;
    // Without printf(), which takes longer than the rest of a small answer.
    buffer_add_string(out, request->head.minor_version == 1 ? "HTTP/1.1 " : "HTTP/1.0 ");
    buffer_add_number(out, (uint64_t)request->status);
    buffer_add_char(out, ' ');
    buffer_add_string(out, http_status_text(request->status));
    if (content_type != NULL) {
        buffer_add_string(out, "\r\nContent-Type: ");
        buffer_add_string(out, content_type);
    }
    buffer_add_string(out, "\r\nDate: ");
    buffer_add_string(out, server_date(request->server));
    buffer_add_string(out, "\r\n");
    if (connection->closes_next && request->head.minor_version == 1)
        buffer_add_string(out, "Connection: close\r\n");
    else if (!connection->closes_next && request->head.minor_version == 0)
        buffer_add_string(out, "Connection: keep-alive\r\n");
}

static void answer(struct http_request *request, const char *extra_head, const char *content_type,
                   const struct iovec *body) {
    if (request->connection != NULL) {
        AUTO_BUFFER struct buffer head = BUFFER_INIT(BUFFER_NO_LIMIT);
        add_head(request, &head, content_type);
        buffer_add_string(&head, extra_head);
        buffer_add_string(&head, "Content-Length: ");
        buffer_add_number(&head, body->iov_len);
        buffer_add_string(&head, "\r\n\r\n");
        struct iovec pieces[2] = {{.iov_base = head.data, .iov_len = head.length}, *body};
        connection_write(request->connection, pieces, request->is_head_method ? 1 : 2);
    }
    finish_request(request);
}

void http_respond(struct http_request *request, int status, const char *content_type, const void *body, size_t length) {
    request->status = status;
    struct iovec piece = {.iov_base = (void *)(uintptr_t)body, .iov_len = length};
    answer(request, "", content_type, &piece);
}

void http_respond_redirect(struct http_request *request, const char *location) {
    AUTO_FREE char *line = memory_printf("Location: %s\r\n", location);
    request->status = 301;
    answer(request, line, NULL, &(const struct iovec){.iov_base = NULL, .iov_len = 0});
}

void http_stream_begin(struct http_request *request, int status, const char *content_type) {
    request->status = status;
    request->is_streaming = true;
    if (request->connection == NULL)
        return;
    request->is_chunked = request->head.minor_version == 1;
    if (!request->is_chunked)
        request->connection->closes_next = true; // that is the end of the body
    AUTO_BUFFER struct buffer head = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_head(request, &head, content_type);
    buffer_add_string(&head, request->is_chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
    struct connection *connection = request->connection;
    connection_write(connection, &(const struct iovec){.iov_base = head.data, .iov_len = head.length}, 1);
    connection_update(connection); // a stream may stall
}

void http_stream_write(struct http_request *request, const void *data, size_t length) {
    if (request->connection == NULL || length == 0 || request->is_head_method)
        return;
    if (!request->is_chunked) {
        struct iovec piece = {.iov_base = (void *)(uintptr_t)data, .iov_len = length};
        connection_write(request->connection, &piece, 1);
        return;
    }
    char size[24];
    int digits = snprintf(size, sizeof size, "%zx\r\n", length);
    char end[] = "\r\n";
    struct iovec pieces[3] = {{.iov_base = size, .iov_len = (size_t)digits},
                              {.iov_base = (void *)(uintptr_t)data, .iov_len = length},
                              {.iov_base = end, .iov_len = 2}};
    connection_write(request->connection, pieces, 3);
}

size_t http_stream_pending(const struct http_request *request) {
    return request->connection != NULL ? request->connection->pending_bytes : 0;
}

void http_stream_on_drain(struct http_request *request, void (*on_drain)(struct http_request *request, void *data),
                          void *data) {
    request->on_drain = on_drain;
    request->drain_data = data;
}

void request_drained(struct http_request *request) {
    if (request->on_drain != NULL)
        request->on_drain(request, request->drain_data);
}

void http_stream_end(struct http_request *request) {
    if (request->connection != NULL && request->is_chunked && !request->is_head_method) {
        char end[] = "0\r\n\r\n";
        struct iovec piece = {.iov_base = end, .iov_len = 5};
        connection_write(request->connection, &piece, 1);
    }
    finish_request(request);
}

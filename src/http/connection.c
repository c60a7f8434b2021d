// SPDX-License-Identifier: GPL-3.0-or-later
// The course of a connection: bytes come in, requests are handed out one after the other, and in the end it
// lingers until the client has seen the last answer.
#include "http/http_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

// --- opening and closing ---

static void on_closed(uv_handle_t *handle) {
    struct connection *connection = CONTAINER_OF(handle, struct connection, handle.any);
    http_reader_finish(&connection->reader);
    buffer_finish(&connection->input);
    free(connection);
}

void connection_close(struct connection *connection) {
    if (connection->is_closing)
        return;
    struct http_server *server = connection->server;
    connection->is_closing = true;
    connection_wait_for(connection, WAIT_NONE);
    list_remove(&connection->link);
    list_remove(&connection->ready_link);
    server->connection_count--;
    server->buffered_bytes -= connection->counted_bytes;
    connection->counted_bytes = 0;
    uv_close(&connection->handle.any, on_closed);
    if (connection->request != NULL) {
        request_lose_connection(connection->request);
        connection->request = NULL;
    }
    server_connection_ended(server);
}

static bool open_handle(struct connection *connection, int fd) {
    uv_loop_t *uv = loop_uv(connection->server->loop);
    if (connection->transport == HTTP_OVER_UNIX) {
        (void)uv_pipe_init(uv, &connection->handle.pipe, 0);
        return uv_pipe_open(&connection->handle.pipe, fd) == 0;
    }
    (void)uv_tcp_init(uv, &connection->handle.tcp);
    if (uv_tcp_open(&connection->handle.tcp, fd) != 0)
        return false;
    (void)uv_tcp_nodelay(&connection->handle.tcp, 1);
    return true;
}

void connection_open(struct http_server *server, int fd, enum http_transport transport) {
    struct connection *connection = memory_new(sizeof *connection);
    connection->server = server;
    connection->transport = transport;
    connection->wait = WAIT_NONE;
    list_init(&connection->wait_link);
    list_init(&connection->ready_link);
    http_reader_init(&connection->reader, HTTP_READ_REQUEST);
    buffer_init(&connection->input, server->limits.input_bytes + sizeof server->read_buffer);
    list_add(&server->connections, &connection->link);
    server->connection_count++;
    if (!open_handle(connection, fd)) {
        (void)close(fd);
        connection_close(connection);
        return;
    }
    if (transport == HTTP_OVER_UNIX)
        connection->peer = peer_of(fd);
    connection_update(connection);
}

// --- refusing ---

static void refuse(struct connection *connection, int status, const char *reason) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_printf(&text, "HTTP/1.1 %d %s\r\n", status, http_status_text(status));
    if (status == 417) {
        buffer_printf(&text, "Connection: close\r\nDate: %s\r\nContent-Length: 0\r\n\r\n",
                      server_date(connection->server));
    } else {
        buffer_add_string(&text, "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n");
        if (status == 501)
            buffer_add_string(&text, "Unsupported transfer encoding");
        else
            buffer_printf(&text, "%d %s", status, reason);
    }
    connection->closes_next = true;
    connection_write(connection, &(const struct iovec){.iov_base = text.data, .iov_len = text.length}, 1);
}

// --- the course of messages ---

// A body that cannot be read to its end, after its request has been handed out.
static void fail_body(struct connection *connection, const char *reason) {
    connection->closes_next = true;
    connection->in_message = false;
    if (connection->request == NULL)
        return;
    AUTO_ERROR struct error err = {0};
    error_set(&err, ERROR_BAD_REQUEST, "%s", reason);
    request_body_end(connection->request, &err);
}

static void on_broken_message(struct connection *connection) {
    if (connection->in_message)
        fail_body(connection, http_reader_reason(&connection->reader));
    else
        refuse(connection, http_reader_status(&connection->reader), http_reader_reason(&connection->reader));
}

static void on_head(struct connection *connection) {
    const struct http_head *head = http_reader_head(&connection->reader);
    struct http_request *request = request_create(connection, head);
    if (request == NULL) {
        refuse(connection, 400, "Bad Request");
        return;
    }
    connection_wait_for(connection, WAIT_NONE);
    connection->in_message = true;
    connection->skipped_bytes = 0;
    connection->request = request;
    connection->closes_next = !head->is_keep_alive;
    connection->server->hooks.handle(request, connection->server->hooks.data);
}

static void on_body(struct connection *connection, const char *data, size_t length) {
    if (connection->request != NULL) {
        request_body_piece(connection->request, data, length);
        return;
    }
    connection->skipped_bytes += length;
    if (connection->skipped_bytes > connection->server->limits.skipped_bytes)
        connection->closes_next = true;
}

static void on_message_end(struct connection *connection) {
    connection->in_message = false;
    if (connection->request != NULL)
        request_body_end(connection->request, NULL);
}

static bool can_take_more(const struct connection *connection) {
    if (connection->is_closing || connection->is_lingering)
        return false;
    if (connection->in_message)
        return true;
    return connection->request == NULL && !connection->closes_next &&
           connection->pending_bytes < connection->server->limits.unread_bytes;
}

static void handle_event(struct connection *connection, enum http_event event, const char *piece, size_t length) {
    switch (event) {
    case HTTP_HEAD:
        on_head(connection);
        break;
    case HTTP_BODY:
        on_body(connection, piece, length);
        break;
    case HTTP_END:
        on_message_end(connection);
        break;
    default:
        on_broken_message(connection);
        break;
    }
}

static void keep_input(struct connection *connection, const char *data, size_t length) {
    if (length == 0 || connection->closes_next)
        return;
    buffer_add(&connection->input, data, length);
    if (!buffer_is_whole(&connection->input))
        connection_close(connection);
}

// Takes bytes as far as the requests in them can be handled now, and keeps the rest.
static void connection_process(struct connection *connection, const char *data, size_t length) {
    size_t heads_left = connection->server->limits.requests_per_turn;
    bool is_all_read = false;
    connection->is_processing = true;
    while (can_take_more(connection) && !is_all_read && (connection->in_message || heads_left > 0)) {
        const char *piece = NULL;
        size_t piece_length = 0;
        enum http_event event = http_reader_next(&connection->reader, &data, &length, &piece, &piece_length);
        is_all_read = event == HTTP_NEED_MORE;
        if (event == HTTP_HEAD)
            heads_left--;
        if (!is_all_read)
            handle_event(connection, event, piece, piece_length);
    }
    if (is_all_read && connection->has_ended && connection->in_message)
        fail_body(connection, "unexpected EOF");
    connection->is_processing = false;
    if (connection->is_closing)
        return;
    keep_input(connection, data, length);
    connection_update(connection);
}

static void take_input(struct connection *connection) {
    struct buffer input = connection->input;
    buffer_init(&connection->input, input.limit_bytes);
    connection_process(connection, buffer_text(&input), input.length);
    buffer_finish(&input);
}

// The connection's input is looked at in the next turn: whoever settles it may be in the middle of something.
static void schedule_processing(struct connection *connection) {
    struct http_server *server = connection->server;
    connection_wait_for(connection, WAIT_NONE);
    if (list_is_linked(&connection->ready_link))
        return;
    list_add(&server->ready, &connection->ready_link);
    loop_defer(server->loop, &server->turn, connections_process_ready);
}

void connections_process_ready(struct deferred *turn) {
    struct http_server *server = CONTAINER_OF(turn, struct http_server, turn);
    // What gets ready meanwhile belongs to the next turn.
    for (size_t count = list_count(&server->ready); count > 0 && !list_is_empty(&server->ready); count--) {
        struct connection *connection = LIST_ITEM(server->ready.next, struct connection, ready_link);
        list_remove(&connection->ready_link);
        take_input(connection);
    }
}

// --- reading ---

static void on_allocate(uv_handle_t *handle, size_t suggested UNUSED, uv_buf_t *out) {
    struct connection *connection = CONTAINER_OF(handle, struct connection, handle.any);
    *out = uv_buf_init(connection->server->read_buffer, sizeof connection->server->read_buffer);
}

static void on_end_of_input(struct connection *connection) {
    connection->has_ended = true;
    if (connection->is_lingering)
        connection_close(connection);
    else if (connection->input.length == 0)
        connection_process(connection, "", 0);
    else
        connection_update(connection);
}

static void on_data(struct connection *connection, const char *data, size_t length) {
    if (connection->is_lingering)
        return;
    if (connection->input.length == 0 && can_take_more(connection)) {
        connection_process(connection, data, length);
        return;
    }
    keep_input(connection, data, length);
    connection_update(connection);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer) {
    struct connection *connection = CONTAINER_OF(stream, struct connection, handle.stream);
    if (connection->is_closing || count == 0)
        return;
    if (count == UV_EOF)
        on_end_of_input(connection);
    else if (count < 0)
        connection_close(connection);
    else
        on_data(connection, buffer->base, (size_t)count);
}

static void read_or_pause(struct connection *connection) {
    bool reads = !connection->has_ended && connection->input.length < connection->server->limits.input_bytes;
    if (connection->is_closing || reads == connection->is_reading)
        return;
    if (reads)
        (void)uv_read_start(&connection->handle.stream, on_allocate, on_read);
    else
        (void)uv_read_stop(&connection->handle.stream);
    connection->is_reading = reads;
}

// --- what next ---

// Whether the client has sent anything that was not read; without, a Unix socket can be closed with nothing lost.
static bool has_unread(int fd) {
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void begin_to_linger(struct connection *connection) {
    int fd = -1;
    bool is_between = !connection->in_message && http_reader_is_idle(&connection->reader);
    if (connection->has_ended || uv_fileno(&connection->handle.any, &fd) != 0 ||
        (connection->transport == HTTP_OVER_UNIX && is_between && !has_unread(fd))) {
        connection_close(connection);
        return;
    }
    // Closing with bytes unread would make the system take the answer back: say that no more comes, and
    // read on until the client has closed.
    (void)shutdown(fd, SHUT_WR);
    connection->is_lingering = true;
    connection->in_message = false;
    connection_wait_for(connection, WAIT_LINGER);
    buffer_finish(&connection->input);
    http_reader_finish(&connection->reader);
    connection_count_bytes(connection);
}

static void update_busy(struct connection *connection) {
    struct http_request *request = connection->request;
    bool waits = connection->in_message || (connection->pending_bytes > 0 && !request->is_streaming);
    connection_wait_for(connection, waits ? WAIT_PROGRESS : WAIT_NONE);
    if (connection->has_ended && connection->input.length == 0)
        request_notify_closed_later(request);
}

static void update_free(struct connection *connection) {
    bool has_said_all = connection->pending_bytes == 0;
    if (connection->input.length > 0 && can_take_more(connection))
        schedule_processing(connection);
    else if (has_said_all && connection->closes_next)
        begin_to_linger(connection);
    else if (has_said_all && (connection->has_ended || (connection->server->is_stopping && !connection->in_message)))
        connection_close(connection);
    else if (!has_said_all || connection->in_message)
        connection_wait_for(connection, WAIT_PROGRESS);
    else
        connection_wait_for(connection, http_reader_is_idle(&connection->reader) ? WAIT_IDLE : WAIT_HEAD);
}

void connection_update(struct connection *connection) {
    if (connection->is_processing || connection->is_closing || connection->is_lingering)
        return;
    connection_count_bytes(connection);
    if (connection->is_closing)
        return;
    if (connection->request != NULL)
        update_busy(connection);
    else
        update_free(connection);
    read_or_pause(connection);
}

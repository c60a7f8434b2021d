// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/connection_input_internal.h"

static const struct connection_handlers *handlers(const struct connection *connection) {
    return connection->all->handlers;
}

// --- refusing ---

static void refuse(struct connection *connection, int status, const char *reason) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct response_head head = {.status = status, .fields = "Connection: close\r\n"};
    if (status == 417) {
        head.date = response_date_now(&connection->all->date);
        head.framing = FRAMING_LENGTH;
    } else {
        head.content_type = "text/plain; charset=utf-8";
        if (status == 501)
            buffer_add_string(&text, "Unsupported transfer encoding");
        else
            buffer_printf(&text, "%d %s", status, reason);
    }
    connection->closes_next = true;
    connection->body = BODY_NONE;
    connection_write_response(connection, &head, &(const struct iovec){text.data, text.length}, text.length > 0);
}

// --- messages ---

static void end_body(struct connection *connection, const char *reason) {
    connection->body = BODY_NONE;
    if (connection->exchange != NULL)
        handlers(connection)->on_body_end(connection->exchange, reason);
}

// Fails a body whose request has been passed to the handler.
static void fail_body(struct connection *connection, const char *reason) {
    connection->closes_next = true;
    end_body(connection, reason);
}

static void on_message_failed(struct connection *connection) {
    if (connection->body != BODY_NONE)
        fail_body(connection, http_reader_reason(&connection->reader));
    else
        refuse(connection, http_reader_status(&connection->reader), http_reader_reason(&connection->reader));
}

// Whether the message is known to be complete without further input.
static bool is_complete(struct http_reader *reader) {
    const char *none = "", *piece;
    size_t length = 0, piece_length;
    return http_reader_next(reader, &none, &length, &piece, &piece_length) == HTTP_END;
}

static void on_head_complete(struct connection *connection) {
    struct http_taken_head taken;
    http_reader_take_head(&connection->reader, &taken);
    connection->body = is_complete(&connection->reader) ? BODY_NONE : BODY_HELD;
    connection->exchange = handlers(connection)->create(connection, &taken, connection->all->data);
    if (connection->exchange == NULL) {
        http_taken_head_finish(&taken);
        refuse(connection, 400, "Bad Request");
        return;
    }
    connections_wait(connection->all, &connection->entry, WAIT_NONE);
    connection->closes_next = !taken.head.is_keep_alive;
    handlers(connection)->handle(connection->exchange);
}

static void skip_body(struct connection *connection, size_t length) {
    if (connection->exchange != NULL)
        return;
    connection->skipped_bytes += length;
    if (connection->skipped_bytes > connection->all->limits.skipped_bytes)
        connection->closes_next = true;
}

static void on_body_bytes(struct connection *connection, const char *bytes, size_t length) {
    if (connection->body == BODY_SKIPPED) {
        skip_body(connection, length);
        return;
    }
    handlers(connection)->on_body(connection->exchange, bytes, length);
    // A paused body may have got its last piece. No other event would report its completion.
    if (connection->body == BODY_HELD && is_complete(&connection->reader))
        end_body(connection, NULL);
}

static void handle_event(struct connection *connection, enum http_event event, const char *piece, size_t length) {
    switch (event) {
    case HTTP_HEAD:
        on_head_complete(connection);
        break;
    case HTTP_BODY:
        on_body_bytes(connection, piece, length);
        break;
    case HTTP_END:
        end_body(connection, NULL);
        break;
    default:
        on_message_failed(connection);
        break;
    }
}

// --- input ---

bool connection_takes_input(const struct connection *connection) {
    if (connection->stream == NULL || stream_is_broken(connection->stream) || connection->on_upgraded != NULL)
        return false;
    if (connection->body != BODY_NONE)
        return connection->body != BODY_HELD;
    return connection->exchange == NULL && !connection->closes_next &&
           connection_queued_bytes(connection) < connection->all->limits.unread_bytes;
}

void connection_keep_input(struct connection *connection, const char *bytes, size_t length) {
    // Input after the last request of a connection is ignored.
    bool is_behind = connection->closes_next && connection->body == BODY_NONE && connection->on_upgraded == NULL;
    if (length > 0 && !is_behind)
        buffer_add(&connection->input, bytes, length);
}

// Of several requests, each but the first is taken only while nobody waits and there is time left.
static bool may_take_head(struct connection *connection, size_t heads_left) {
    size_t heads_max = connection->all->limits.requests_per_turn;
    return heads_left == heads_max || (heads_left > 0 && connection_has_time(connection));
}

void connection_take_input(struct connection *connection, const char *bytes, size_t length) {
    size_t heads_left = connection->all->limits.requests_per_turn;
    bool is_all_read = false;
    while (!is_all_read && connection_takes_input(connection) &&
           (connection->body != BODY_NONE || may_take_head(connection, heads_left))) {
        const char *piece = NULL;
        size_t piece_length = 0;
        enum http_event event = http_reader_next(&connection->reader, &bytes, &length, &piece, &piece_length);
        is_all_read = event == HTTP_NEED_MORE;
        if (event == HTTP_HEAD)
            heads_left--;
        if (!is_all_read)
            handle_event(connection, event, piece, piece_length);
    }
    if (is_all_read && connection->has_ended && connection->body != BODY_NONE)
        fail_body(connection, "unexpected EOF");
    connection_keep_input(connection, bytes, length);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/http_body.h"

#include "base/memory.h"
#include "http/exchange_internal.h"

// --- the end ---

bool exchange_body_is_due(const struct http_exchange *exchange) {
    bool has_ended = exchange->progress != BODY_COMING || exchange->connection == NULL;
    return exchange->reading == READING_REFUSED || (exchange->reading == READING_PIECES && has_ended);
}

// Returns NULL if the body is complete, or `err` with the reason why it is not.
static const struct error *body_failure(const struct http_exchange *exchange, struct error *err) {
    if (exchange->is_refused_for_memory)
        error_set(err, ERROR_UNAVAILABLE, "requests use too much memory now; try again later");
    else if (exchange->reading == READING_REFUSED)
        error_set(err, ERROR_TOO_LARGE, "request body is larger than %zu bytes", exchange->collected.limit_bytes);
    else if (exchange->progress == BODY_BROKEN)
        error_set(err, ERROR_BAD_REQUEST, "%s", exchange->broken_reason);
    else if (exchange->progress == BODY_COMING)
        error_set(err, ERROR_BAD_REQUEST, "unexpected EOF");
    return error_is_set(err) ? err : NULL;
}

void exchange_report_body(struct http_exchange *exchange) {
    AUTO_ERROR struct error err = {0};
    const struct error *failure = body_failure(exchange, &err);
    exchange->reading = READING_REPORTED;
    exchange->body_handlers.on_end(exchange, failure, exchange->body_data);
}

void exchange_add_body(struct http_exchange *exchange, const char *bytes, size_t length) {
    exchange->body_handlers.on_piece(exchange, bytes, length, exchange->body_data);
}

void exchange_end_body(struct http_exchange *exchange, const char *reason) {
    exchange->progress = reason == NULL ? BODY_COMPLETE : BODY_BROKEN;
    exchange->broken_reason = reason;
    if (exchange_body_is_due(exchange))
        exchange_report_body(exchange);
}

// --- reading ---

// Sends 100 Continue to a client that waits for it.
static void grant_body(struct http_exchange *exchange) {
    exchange->has_granted_body = true;
    if (!exchange->request.head.has_expect_continue)
        return;
    connection_write_response(exchange->connection, &(const struct response_head){.status = 100}, NULL, 0);
}

static void begin_reading(struct http_exchange *exchange) {
    if (exchange->reading == READING_REFUSED || exchange->progress != BODY_COMING || exchange->connection == NULL) {
        exchange_deliver_later(exchange);
        return;
    }
    grant_body(exchange);
    if (exchange->connection != NULL)
        connection_set_body(exchange->connection, BODY_WANTED);
}

static void set_handlers(struct http_exchange *exchange, const struct http_body_handlers *handlers, void *data) {
    exchange->body_handlers = *handlers;
    exchange->body_data = data;
    exchange->reading = READING_PIECES;
}

void http_exchange_read_body(struct http_exchange *exchange, const struct http_body_handlers *handlers, void *data) {
    set_handlers(exchange, handlers, data);
    begin_reading(exchange);
}

void http_exchange_pause_body(struct http_exchange *exchange) {
    if (exchange->reading != READING_PIECES)
        return;
    exchange->reading = READING_PAUSED;
    if (exchange->connection != NULL)
        connection_set_body(exchange->connection, BODY_HELD);
}

void http_exchange_resume_body(struct http_exchange *exchange) {
    if (exchange->reading != READING_PAUSED)
        return;
    exchange->reading = READING_PIECES;
    if (exchange_body_is_due(exchange))
        exchange_deliver_later(exchange);
    else
        connection_set_body(exchange->connection, BODY_WANTED);
}

void http_exchange_skip_body(struct http_exchange *exchange) {
    if (exchange->reading != READING_UNASKED)
        return;
    exchange->reading = READING_REPORTED;
    if (exchange->connection != NULL)
        connection_set_body(exchange->connection, BODY_SKIPPED);
}

// --- collecting ---

static void on_body_piece(struct http_exchange *exchange, const char *bytes, size_t length, void *data UNUSED) {
    buffer_add(&exchange->collected, bytes, length);
    if (buffer_is_whole(&exchange->collected))
        return;
    exchange->reading = READING_REFUSED;
    connection_set_body(exchange->connection, BODY_SKIPPED);
    exchange_report_body(exchange);
}

static void on_body_end(struct http_exchange *exchange, const struct error *err, void *data UNUSED) {
    exchange->on_collected(exchange, &exchange->collected, err, exchange->collected_data);
}

void http_exchange_collect_body(struct http_exchange *exchange, size_t limit_bytes, http_body_fn on_body, void *data) {
    static const struct http_body_handlers collecting = {.on_piece = on_body_piece, .on_end = on_body_end};
    const struct http_head *head = &exchange->request.head;
    exchange->on_collected = on_body;
    exchange->collected_data = data;
    buffer_init(&exchange->collected, limit_bytes);
    set_handlers(exchange, &collecting, NULL);
    if (head->has_length && head->length > limit_bytes)
        exchange->reading = READING_REFUSED;
    begin_reading(exchange);
}

bool exchange_refuse_body(struct http_exchange *exchange) {
    if (exchange->on_collected == NULL || exchange->reading != READING_PIECES || exchange->progress != BODY_COMING)
        return false;
    exchange->reading = READING_REFUSED;
    exchange->is_refused_for_memory = true;
    buffer_finish(&exchange->collected);
    exchange_deliver_later(exchange);
    return true;
}

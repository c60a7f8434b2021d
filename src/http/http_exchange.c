// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/http_exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "http/exchange_internal.h"

// --- all exchanges ---

void exchanges_init(struct exchanges *all, struct loop *loop) {
    *all = (struct exchanges){.loop = loop};
    list_init(&all->open);
    all->shares = shares_create(loop);
    share_init(&all->unowned, true);
}

void exchanges_finish(struct exchanges *all) {
    shares_destroy(all->shares);
}

// --- creation and destruction ---

// Marks each %00 of the path, which no path of the API has.
static void mark_nuls(struct url_target *target) {
    if (strlen(target->path) == target->path_length)
        return;
    struct buffer marked = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < target->path_length; i++) {
        if (target->path[i] == '\0')
            buffer_add_string(&marked, TEXT_NUL);
        else
            buffer_add_char(&marked, target->path[i]);
    }
    free(target->path);
    target->path_length = marked.length;
    target->path = buffer_take(&marked);
}

static struct http_exchange *exchange_create(struct connection *connection, struct http_taken_head *request,
                                             void *data) {
    struct exchanges *all = data;
    struct url_target target;
    if (!url_target_parse(request->head.target, request->head.target_length, &target))
        return NULL;
    mark_nuls(&target);
    struct http_exchange *exchange = memory_new(sizeof *exchange);
    exchange->all = all;
    exchange->connection = connection;
    exchange->request = *request;
    exchange->target = target;
    exchange->transport = connection->kind == STREAM_UNIX  ? HTTP_OVER_UNIX
                          : connection->kind == STREAM_TLS ? HTTP_OVER_TLS
                                                           : HTTP_OVER_TCP;
    exchange->peer = connection->peer;
    exchange->certificate = connection_certificate(connection);
    if (connection->address != NULL)
        exchange->remote = memory_string(connection->address);
    exchange->progress = connection->body == BODY_NONE ? BODY_COMPLETE : BODY_COMING;
    exchange->is_head_method = text_equal(request->head.method, "HEAD");
    exchange->began_ns = clock_monotonic_ns();
    buffer_init(&exchange->headers, BUFFER_NO_LIMIT);
    list_add(&all->open, &exchange->link);
    return exchange;
}

static void exchange_handle(struct http_exchange *exchange) {
    exchange->all->handle(exchange, exchange->all->data);
}

void exchange_end(struct http_exchange *exchange) {
    struct exchanges *all = exchange->all;
    struct connection *connection = exchange->connection;
    loop_defer_cancel(all->loop, &exchange->news);
    list_remove(&exchange->link);
    if (all->on_responded != NULL)
        all->on_responded(exchange, exchange->status, clock_monotonic_ns() - exchange->began_ns, all->data);
    http_taken_head_finish(&exchange->request);
    url_target_finish(&exchange->target);
    if (exchange->has_query)
        url_query_finish(&exchange->query);
    buffer_finish(&exchange->collected);
    buffer_finish(&exchange->headers);
    certificate_release(exchange->certificate);
    free(exchange->remote);
    free(exchange);
    if (connection != NULL)
        connection_end_exchange(connection);
    all->on_ended(all);
}

// Path, query and host of the target are at most as long as the target.
static size_t held_bytes(const struct http_exchange *exchange) {
    const struct http_head *head = &exchange->request.head;
    size_t request = exchange->request.bytes.capacity + head->header_count * sizeof head->headers[0];
    size_t target = head->target_length + exchange->query.held_bytes;
    return request + target + exchange->collected.capacity + exchange->headers.capacity + exchange->handler_bytes;
}

// --- the request ---

const struct http_head *http_exchange_head(const struct http_exchange *exchange) {
    return &exchange->request.head;
}

const char *http_exchange_method(const struct http_exchange *exchange) {
    return exchange->request.head.method;
}

const char *http_exchange_path(const struct http_exchange *exchange) {
    return exchange->target.path;
}

const char *http_exchange_raw_query(const struct http_exchange *exchange) {
    return exchange->target.raw_query != NULL ? exchange->target.raw_query : "";
}

const struct url_query *http_exchange_query(struct http_exchange *exchange) {
    if (!exchange->has_query) {
        const char *raw = http_exchange_raw_query(exchange);
        url_query_parse(&exchange->query, raw, strlen(raw));
        exchange->has_query = true;
        if (exchange->connection != NULL)
            connection_count(exchange->connection);
    }
    return &exchange->query;
}

// --- for the log ---

// Cuts what has been added since the buffer had the length `before`.
static void cut(struct buffer *out, size_t before, size_t limit) {
    if (out->length - before <= limit)
        return;
    buffer_truncate(out, before + limit);
    buffer_add_string(out, "...");
}

// As Pebble shows it: as it was received if it has only characters that may stand in a path (RFC 3986), else with all
// others escaped.
static void add_path(struct buffer *out, const struct url_target *target) {
    size_t most = HTTP_LOG_TARGET_BYTES + 1;
    if (target->host != NULL)
        buffer_printf(out, "http://%.*s", (int)most, target->host);
    if (url_path_is_escaped(target->raw_path, target->raw_path_length))
        buffer_add(out, target->raw_path, target->raw_path_length < most ? target->raw_path_length : most);
    else
        url_add_path_escaped(out, target->path, target->path_length < most ? target->path_length : most);
}

// The query is shown as it was received: the log escapes what a terminal would not show. One byte more than is shown is
// added, so that the cut is seen.
void http_exchange_log_request(const struct http_exchange *exchange, struct buffer *out) {
    const char *method = http_exchange_method(exchange);
    const struct url_target *target = &exchange->target;
    const char *query = http_exchange_raw_query(exchange);
    size_t most = HTTP_LOG_TARGET_BYTES + 1;
    size_t before = out->length;
    buffer_add(out, method, strnlen(method, HTTP_LOG_METHOD_BYTES + 1));
    cut(out, before, HTTP_LOG_METHOD_BYTES);
    buffer_add_char(out, ' ');
    before = out->length;
    add_path(out, target);
    buffer_add_string(out, target->has_query ? "?" : "");
    buffer_add(out, query, strnlen(query, most));
    cut(out, before, HTTP_LOG_TARGET_BYTES);
}

// --- where it comes from ---

enum http_transport http_exchange_transport(const struct http_exchange *exchange) {
    return exchange->transport;
}

const struct certificate *http_exchange_certificate(const struct http_exchange *exchange) {
    return exchange->certificate;
}

struct peer http_exchange_peer(const struct http_exchange *exchange) {
    return exchange->peer;
}

const char *http_exchange_remote(const struct http_exchange *exchange) {
    return exchange->remote != NULL ? exchange->remote : "";
}

void http_exchange_set_context(struct http_exchange *exchange, void *context) {
    exchange->context = context;
}

void *http_exchange_context(const struct http_exchange *exchange) {
    return exchange->context;
}

bool http_exchange_has_client(const struct http_exchange *exchange) {
    return exchange->connection != NULL;
}

// --- pending events ---

// Whether no more input can arrive: the client has disconnected or shut down its sending side.
static bool is_abandoned(const struct http_exchange *exchange) {
    return exchange->connection == NULL || connection_is_abandoned(exchange->connection);
}

// One call at a time, because each may free the exchange.
static void deliver(struct http_exchange *exchange) {
    if (exchange_body_is_due(exchange)) {
        if (is_abandoned(exchange))
            exchange_deliver_later(exchange);
        exchange_report_body(exchange);
    } else if (is_abandoned(exchange) && exchange->on_cancel != NULL && !exchange->was_cancelled) {
        exchange->was_cancelled = true;
        exchange->on_cancel(exchange, exchange->cancel_data);
    } else if (exchange->connection == NULL) {
        exchange_drained(exchange);
    }
}

static void on_delivery_due(struct deferred *news) {
    deliver(CONTAINER_OF(news, struct http_exchange, news));
}

void exchange_deliver_later(struct http_exchange *exchange) {
    loop_defer(exchange->all->loop, &exchange->news, on_delivery_due);
}

void exchanges_deliver_all(struct exchanges *all) {
    // Each call may end other exchanges. Always take the first, and move it to the end.
    for (size_t count = list_count(&all->open); count > 0 && !list_is_empty(&all->open); count--) {
        struct http_exchange *exchange = LIST_ITEM(all->open.next, struct http_exchange, link);
        list_remove(&exchange->link);
        list_add(&all->open, &exchange->link);
        deliver(exchange);
    }
}

void http_exchange_count_bytes(struct http_exchange *exchange, size_t bytes) {
    exchange->handler_bytes = bytes;
    if (exchange->connection != NULL)
        connection_count(exchange->connection);
}

void http_exchange_defer(struct http_exchange *exchange, struct share_call *call, share_fn run) {
    struct exchanges *all = exchange->all;
    struct share *share = exchange->connection != NULL ? connection_share(exchange->connection) : &all->unowned;
    share_defer(all->shares, share, call, false, run);
}

void http_exchange_on_cancel(struct http_exchange *exchange, http_cancel_fn on_cancel, void *data) {
    exchange->on_cancel = on_cancel;
    exchange->cancel_data = data;
    if (is_abandoned(exchange))
        exchange_deliver_later(exchange);
}

static void on_connection_lost(struct http_exchange *exchange) {
    exchange->connection = NULL;
    exchange_deliver_later(exchange);
}

const struct connection_handlers exchange_connection_handlers = {
    .create = exchange_create,
    .handle = exchange_handle,
    .on_body = exchange_add_body,
    .on_body_end = exchange_end_body,
    .on_drained = exchange_drained,
    .on_abandoned = exchange_deliver_later,
    .on_lost = on_connection_lost,
    .held_bytes = held_bytes,
    .refuse_body = exchange_refuse_body,
};

// SPDX-License-Identifier: GPL-3.0-or-later
// What connections wait for, how long they may, and which one goes when descriptors or memory run short.
#include "http/http_internal.h"

#include <stdint.h>

#include "base/clock.h"

const struct http_limits connection_limits = {
    .wait_ms = {[WAIT_IDLE] = INT64_MAX, [WAIT_HEAD] = 60000, [WAIT_PROGRESS] = 60000, [WAIT_LINGER] = 5000},
    .evict_ms = 50,
    .skipped_bytes = 262144,
    .input_bytes = 65536,
    .unread_bytes = 65536,
    .buffered_bytes = (size_t)128 << 20,
    .requests_per_turn = 16,
};

static int64_t now_ms(const struct http_server *server) {
    return (int64_t)uv_now(loop_uv(server->loop));
}

static void arm_timer(struct http_server *server, int64_t due_ms) {
    if (timer_is_running(server->wait_timer) && server->wait_due_ms <= due_ms)
        return;
    server->wait_due_ms = due_ms;
    timer_start(server->wait_timer, (due_ms - now_ms(server) + 1) * NS_PER_MS);
}

void connection_wait_for(struct connection *connection, enum connection_wait wait) {
    struct http_server *server = connection->server;
    // A head has to be complete in time from its first byte on, however many pieces it comes in.
    if (wait == connection->wait && (wait == WAIT_HEAD || wait == WAIT_LINGER || wait == WAIT_NONE))
        return;
    list_remove(&connection->wait_link);
    connection->wait = wait;
    if (wait == WAIT_NONE)
        return;
    connection->wait_since_ms = now_ms(server);
    list_add(&server->waits[wait], &connection->wait_link);
    if (wait == WAIT_PROGRESS)
        connection->queued_bytes = uv_stream_get_write_queue_size(&connection->handle.stream);
    if (wait != WAIT_IDLE)
        arm_timer(server, connection->wait_since_ms + server->limits.wait_ms[wait]);
}

// Of one large answer the client may have taken a part.
static bool has_read_more(const struct connection *connection) {
    return connection->wait == WAIT_PROGRESS &&
           uv_stream_get_write_queue_size(&connection->handle.stream) < connection->queued_bytes;
}

// Returns when the next of this kind is due.
static int64_t check_kind(struct http_server *server, enum connection_wait kind) {
    int64_t limit_ms = server->limits.wait_ms[kind];
    struct connection *connection;
    LIST_FOR_EACH (connection, &server->waits[kind], wait_link) {
        if (connection->wait_since_ms + limit_ms > now_ms(server))
            return connection->wait_since_ms + limit_ms;
        if (has_read_more(connection))
            connection_wait_for(connection, WAIT_PROGRESS);
        else
            connection_close(connection);
    }
    return list_is_empty(&server->waits[kind]) ? INT64_MAX : now_ms(server) + limit_ms;
}

void connection_check_waits(void *data) {
    struct http_server *server = data;
    int64_t next_ms = INT64_MAX;
    for (enum connection_wait kind = WAIT_HEAD; kind < WAIT_KINDS; kind++) {
        int64_t due_ms = check_kind(server, kind);
        next_ms = due_ms < next_ms ? due_ms : next_ms;
    }
    if (next_ms != INT64_MAX)
        arm_timer(server, next_ms);
}

// Of the first kind that has one that has waited for so long.
static bool close_oldest(struct http_server *server, const enum connection_wait kinds[], size_t count, int64_t age_ms) {
    for (size_t i = 0; i < count; i++) {
        struct list *waits = &server->waits[kinds[i]];
        if (list_is_empty(waits))
            continue;
        struct connection *oldest = LIST_ITEM(waits->next, struct connection, wait_link);
        if (now_ms(server) - oldest->wait_since_ms < age_ms)
            continue;
        connection_close(oldest);
        return true;
    }
    return false;
}

bool connection_evict(struct http_server *server) {
    static const enum connection_wait kinds[] = {WAIT_LINGER, WAIT_IDLE, WAIT_HEAD};
    return close_oldest(server, kinds, ARRAY_COUNT(kinds), server->limits.evict_ms);
}

void connection_count_bytes(struct connection *connection) {
    static const enum connection_wait kinds[] = {WAIT_HEAD, WAIT_PROGRESS};
    struct http_server *server = connection->server;
    size_t bytes = connection->reader.head_bytes.capacity + connection->input.capacity + connection->pending_bytes;
    if (connection->request != NULL)
        bytes += connection->request->body.capacity;
    server->buffered_bytes += bytes - connection->counted_bytes;
    connection->counted_bytes = bytes;
    while (server->buffered_bytes > server->limits.buffered_bytes) {
        if (!close_oldest(server, kinds, ARRAY_COUNT(kinds), 0))
            return;
    }
}

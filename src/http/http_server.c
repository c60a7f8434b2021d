// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/http_server.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/memory_limit.h"
#include "http/http_server_internal.h"

#define RESERVED_MIN ((size_t)16)
#define RESERVED_MAX ((size_t)64)
#define BUFFERED_BYTES_MIN ((size_t)4 << 20) // the largest heads of some clients

const struct http_limits http_usual_limits = {
    .wait_ns = {[WAIT_HANDSHAKE] = 10 * NS_PER_S,
                [WAIT_IDLE] = DEADLINE_NEVER,
                [WAIT_HEAD] = 60 * NS_PER_S,
                [WAIT_PROGRESS] = 60 * NS_PER_S,
                [WAIT_REST] = 60 * NS_PER_S,
                [WAIT_LINGER] = 5 * NS_PER_S},
    .evict_ns = 50 * NS_PER_MS,
    .handshake_evict_ns = NS_PER_S,
    .handshakes = 256,
    .tls = 2048,
    .skipped_bytes = 262144,
    .input_bytes = {4096, 65536},
    .progress_bytes = {65536, 1},
    .unread_bytes = HTTP_STREAM_HIGH_BYTES,
    .buffered_bytes = (size_t)128 << 20,
    .requests_per_turn = 16,
};

// Half of the descriptors that the budget reserves is left to the rest of the process, even if it has more open than it
// has taken from the budget.
static int descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX)
        return INT_MAX;
    int all = (int)limit.rlim_cur;
    int reserved = (int)DESCRIPTORS_RESERVED;
    return all - (all > 2 * reserved ? reserved : all / 2) / 2;
}

// Half of what the system allows, if that is little: services and the rest of the process need the other half.
static size_t buffered_limit(void) {
    size_t allowed = memory_limit_bytes() / 2;
    if (allowed < BUFFERED_BYTES_MIN)
        return BUFFERED_BYTES_MIN;
    return allowed < http_usual_limits.buffered_bytes ? allowed : http_usual_limits.buffered_bytes;
}

// Takes slots for administrators from the budget, so that neither other clients nor other uses of descriptors get them.
// A quarter of all, but no more than an administrator may need, and enough for several commands even if there are few.
static size_t take_reserve(struct descriptor_budget *descriptors) {
    size_t all = descriptor_budget_left(descriptors, DESCRIPTORS_CONNECTIONS);
    size_t reserved = all / 4;
    reserved = reserved > RESERVED_MAX ? RESERVED_MAX : reserved < RESERVED_MIN ? RESERVED_MIN : reserved;
    reserved = reserved > all / 2 ? all / 2 : reserved;
    return descriptor_budget_take(descriptors, DESCRIPTORS_CONNECTIONS, reserved, NULL) ? reserved : 0;
}

// --- TLS ---

static void report_failed_handshake(struct http_server *server, const char *remote, const struct error *err) {
    if (server->tls.handshake_failed != NULL)
        server->tls.handshake_failed(remote != NULL ? remote : "unknown address", err, server->tls.data);
}

// --- accepting ---

// The lowest free descriptor number, which the next connection gets; INT_MAX if there is none.
static int next_descriptor(void) {
    int fd = eventfd(0, EFD_CLOEXEC);
    if (fd < 0)
        return INT_MAX;
    (void)close(fd);
    return fd;
}

// The number of the newest connection shows how many descriptors the rest of the process has open.
static bool has_descriptor(struct http_server *server) {
    int limit = server->connections.limits.descriptor;
    if (server->newest_descriptor >= limit)
        server->newest_descriptor = next_descriptor();
    return server->newest_descriptor < limit;
}

static bool has_slot(const struct http_server *server, bool is_administrator) {
    const struct connections *connections = &server->connections;
    if (connections->count >= connections->limits.connections)
        return false;
    return (is_administrator && !connections_reserve_is_used(connections)) ||
           descriptor_budget_left(server->descriptors, DESCRIPTORS_CONNECTIONS) > 0;
}

static bool may_begin_handshake(const struct http_server *server) {
    const struct connections *connections = &server->connections;
    return connections->handshakes < connections->limits.handshakes;
}

// TLS takes memory for each connection, 34 KiB if it waits for the rest of a record.
static bool has_tls_slot(const struct http_server *server) {
    const struct connections *connections = &server->connections;
    return connections->tls < connections->limits.tls;
}

// The client of a Unix socket is not known before the connection is accepted.
static bool may_accept(enum stream_kind kind, void *data) {
    struct http_server *server = data;
    return (kind != STREAM_TLS || (may_begin_handshake(server) && has_tls_slot(server))) &&
           has_slot(server, kind == STREAM_UNIX) && has_descriptor(server);
}

static bool make_room(enum stream_kind kind, void *data) {
    struct http_server *server = data;
    if (kind == STREAM_TLS && !may_begin_handshake(server))
        return connections_evict_handshake(&server->connections);
    if (kind == STREAM_TLS && !has_tls_slot(server))
        return connections_evict_tls(&server->connections);
    return connections_evict(&server->connections, kind == STREAM_UNIX);
}

// A slot of the reserve has been taken from the budget already.
static bool take_slot(struct http_server *server, bool is_administrator) {
    return (is_administrator && !connections_reserve_is_used(&server->connections)) ||
           descriptor_budget_take(server->descriptors, DESCRIPTORS_CONNECTIONS, 1, NULL);
}

static bool start_tls(struct http_server *server, struct stream *stream) {
    AUTO_ERROR struct error err = {0};
    struct tls_engine *engine;
    if (server->tls.create_engine(&engine, server->tls.data, &err)) {
        stream_start_tls(stream, engine);
        return true;
    }
    AUTO_FREE char *remote = peer_address(stream_fd(stream));
    report_failed_handshake(server, remote, &err);
    return false;
}

// In the queue, a connection of somebody else would keep administrators behind it waiting. It is closed if there is no
// room.
static void on_stream_accepted(struct stream *stream, enum stream_kind kind, void *data) {
    struct http_server *server = data;
    struct peer peer = kind == STREAM_UNIX ? peer_of(stream_fd(stream)) : (struct peer){.is_known = false};
    bool is_administrator = peer_is_administrator(&peer);
    server->newest_descriptor = stream_fd(stream);
    if (kind == STREAM_UNIX && !is_administrator)
        stream_distrust(stream);
    if (!has_slot(server, is_administrator))
        (void)connections_evict(&server->connections, is_administrator);
    if (kind == STREAM_TLS && !start_tls(server, stream))
        stream_destroy(stream);
    else if (take_slot(server, is_administrator))
        connection_open(&server->connections, stream, kind, peer);
    else
        stream_destroy(stream);
}

bool http_server_listen(struct http_server *server, int fd, enum http_transport transport, struct error *err) {
    return acceptor_listen(server->acceptor, fd, transport == HTTP_OVER_UNIX ? STREAM_UNIX : STREAM_TCP, err);
}

bool http_server_listen_tls(struct http_server *server, int fd, const struct http_tls_hooks *hooks, struct error *err) {
    server->tls = *hooks;
    return acceptor_listen(server->acceptor, fd, STREAM_TLS, err);
}

// --- shutting down ---

static void on_shutdown_ended(struct deferred *deferred) {
    struct http_server *server = CONTAINER_OF(deferred, struct http_server, end);
    void (*call)(void *data) = server->on_end;
    server->on_end = NULL;
    if (call != NULL)
        call(server->on_end_data);
}

static void check_end(struct http_server *server) {
    if (server->on_end != NULL && list_is_empty(&server->exchanges.open) && server->connections.count == 0)
        loop_defer(server->exchanges.loop, &server->end, on_shutdown_ended);
}

static void on_grace_over(void *data) {
    struct http_server *server = data;
    connections_close_all(&server->connections);
    loop_defer(server->exchanges.loop, &server->end, on_shutdown_ended); // after the reports to the exchanges
}

void http_server_shut_down(struct http_server *server, int64_t grace_ns, void (*on_end_fn)(void *data), void *data) {
    if (server->connections.is_stopping)
        return;
    server->connections.is_stopping = true;
    server->on_end = on_end_fn;
    server->on_end_data = data;
    acceptor_destroy(TAKE(server->acceptor));
    connections_close_waiting(&server->connections, WAIT_HANDSHAKE);
    connections_close_waiting(&server->connections, WAIT_IDLE);
    connections_close_waiting(&server->connections, WAIT_HEAD);
    server->grace_timer = timer_create_in(server->exchanges.loop, on_grace_over, server);
    timer_start(server->grace_timer, grace_ns);
    check_end(server);
}

// --- creating and destroying ---

static struct http_server *server_of(struct exchanges *exchanges) {
    return CONTAINER_OF(exchanges, struct http_server, exchanges);
}

static void on_connection_closed(const struct connection_entry *entry, void *data) {
    struct http_server *server = server_of(data);
    if (!entry->is_administrator || connections_reserve_is_used(&server->connections))
        descriptor_budget_give_back(server->descriptors, DESCRIPTORS_CONNECTIONS, 1);
    if (server->connections.is_stopping)
        check_end(server);
    else
        acceptor_resume(server->acceptor);
}

static void on_handshake_failed(const char *remote, const struct error *err, void *data) {
    report_failed_handshake(server_of(data), remote, err);
}

static void on_exchange_ended(struct exchanges *exchanges) {
    struct http_server *server = server_of(exchanges);
    if (server->is_destroyed && list_is_empty(&exchanges->open) && exchanges->held_shares == 0) {
        connections_finish(&server->connections);
        exchanges_finish(exchanges);
        free(server);
    } else if (server->connections.is_stopping) {
        check_end(server);
    }
}

struct http_server *http_server_create(struct loop *loop, struct descriptor_budget *descriptors,
                                       const struct http_server_hooks *hooks) {
    static const struct acceptor_handlers acceptor_handlers = {
        .may_accept = may_accept, .make_room = make_room, .on_accepted = on_stream_accepted};
    struct http_server *server = memory_new(sizeof *server);
    struct http_limits limits = http_usual_limits;
    limits.connections = DESCRIPTORS_CONNECTIONS_MAX;
    limits.reserved = take_reserve(descriptors);
    limits.descriptor = descriptor_limit();
    limits.buffered_bytes = buffered_limit();
    server->descriptors = descriptors;
    exchanges_init(&server->exchanges, loop);
    server->exchanges.handle = hooks->handle;
    server->exchanges.on_responded = hooks->responded;
    server->exchanges.data = hooks->data;
    server->exchanges.on_ended = on_exchange_ended;
    connections_init(&server->connections, loop, &limits, &connection_entry_functions);
    owners_init(&server->connections.owners, server->exchanges.shares, &server->exchanges.unowned);
    server->connections.handlers = &exchange_connection_handlers;
    server->connections.on_closed = on_connection_closed;
    server->connections.on_handshake_failed = on_handshake_failed;
    server->connections.data = &server->exchanges;
    server->acceptor = acceptor_create(loop, &acceptor_handlers, server);
    return server;
}

void http_server_destroy(struct http_server *server) {
    if (server == NULL)
        return;
    server->connections.is_stopping = true;
    server->on_end = NULL;
    acceptor_destroy(TAKE(server->acceptor));
    connections_close_all(&server->connections);
    connections_free_closed(&server->connections);
    exchanges_deliver_all(&server->exchanges);
    descriptor_budget_give_back(server->descriptors, DESCRIPTORS_CONNECTIONS, server->connections.limits.reserved);
    loop_defer_cancel(server->exchanges.loop, &server->end);
    timer_destroy(server->grace_timer);
    server->is_destroyed = true;
    on_exchange_ended(&server->exchanges);
}

size_t http_server_connections(const struct http_server *server) {
    return server->connections.count;
}

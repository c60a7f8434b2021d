// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/server.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/memory.h"
#include "http/http_internal.h"

// Descriptors that connections leave for spawning, files and the rest of the daemon. The second half of them is
// what the others can count on even if they have more open than expected.
#define RESERVED_DESCRIPTORS 128
#define CONNECTION_LIMIT 16384

static void set_descriptor_limits(struct http_limits *limits) {
    struct rlimit limit;
    limits->connections = CONNECTION_LIMIT;
    limits->descriptor = INT_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX)
        return;
    int all = (int)limit.rlim_cur;
    int reserved = all > 2 * RESERVED_DESCRIPTORS ? RESERVED_DESCRIPTORS : all / 2;
    if (all - reserved < CONNECTION_LIMIT)
        limits->connections = (size_t)(all - reserved);
    limits->descriptor = all - reserved / 2;
}

struct http_server *http_server_create(struct loop *loop, const struct http_server_hooks *hooks) {
    struct http_server *server = memory_new(sizeof *server);
    server->loop = loop;
    server->hooks = *hooks;
    server->limits = connection_limits;
    set_descriptor_limits(&server->limits);
    server->newest_descriptor = -1;
    server->accepts = true;
    list_init(&server->listeners);
    list_init(&server->connections);
    list_init(&server->ready);
    list_init(&server->requests);
    for (int kind = 0; kind < WAIT_KINDS; kind++)
        list_init(&server->waits[kind]);
    server->wait_timer = timer_create_in(loop, connection_check_waits, server);
    server->accept_timer = timer_create_in(loop, server_retry_accept, server);
    return server;
}

static void close_connections(struct http_server *server) {
    while (!list_is_empty(&server->connections))
        connection_close(LIST_ITEM(server->connections.next, struct connection, link));
}

// Those that cannot be cancelled stay.
static void cancel_requests(struct http_server *server) {
    // Each may answer others: begin at the front every time, and put what has been seen at the end.
    for (size_t count = list_count(&server->requests); count > 0 && !list_is_empty(&server->requests); count--) {
        struct http_request *request = LIST_ITEM(server->requests.next, struct http_request, link);
        list_remove(&request->link);
        list_add(&server->requests, &request->link);
        request_notify_closed(request);
    }
}

void http_server_destroy(struct http_server *server) {
    if (server == NULL)
        return;
    server->is_stopping = true;
    server->on_end = NULL;
    server_close_listeners(server);
    close_connections(server);
    cancel_requests(server);
    loop_defer_cancel(server->loop, &server->turn);
    loop_defer_cancel(server->loop, &server->end);
    timer_destroy(server->wait_timer);
    timer_destroy(server->accept_timer);
    timer_destroy(server->grace_timer);
    server->is_destroyed = true;
    server_request_ended(server);
}

// --- shutting down ---

static void on_end(struct deferred *deferred) {
    struct http_server *server = CONTAINER_OF(deferred, struct http_server, end);
    void (*call)(void *data) = server->on_end;
    server->on_end = NULL;
    if (call != NULL)
        call(server->on_end_data);
}

static void check_end(struct http_server *server) {
    if (server->on_end != NULL && list_is_empty(&server->requests) && list_is_empty(&server->connections))
        loop_defer(server->loop, &server->end, on_end);
}

static void on_grace_over(void *data) {
    struct http_server *server = data;
    close_connections(server);
    loop_defer(server->loop, &server->end, on_end); // behind what the requests are told
}

static void close_idle(struct http_server *server) {
    static const enum connection_wait idle[] = {WAIT_IDLE, WAIT_HEAD};
    for (size_t i = 0; i < ARRAY_COUNT(idle); i++) {
        struct list *waits = &server->waits[idle[i]];
        while (!list_is_empty(waits))
            connection_close(LIST_ITEM(waits->next, struct connection, wait_link));
    }
}

void http_server_shut_down(struct http_server *server, int64_t grace_ns, void (*on_end_fn)(void *data), void *data) {
    if (server->is_stopping)
        return;
    server->is_stopping = true;
    server->on_end = on_end_fn;
    server->on_end_data = data;
    server_close_listeners(server);
    close_idle(server);
    server->grace_timer = timer_create_in(server->loop, on_grace_over, server);
    timer_start(server->grace_timer, grace_ns);
    check_end(server);
}

void server_connection_ended(struct http_server *server) {
    server->newest_descriptor = -1;
    if (server->is_stopping)
        check_end(server);
    else if (!server->accepts)
        server_retry_accept(server);
}

void server_request_ended(struct http_server *server) {
    if (server->is_destroyed && list_is_empty(&server->requests))
        free(server);
    else if (server->is_stopping)
        check_end(server);
}

size_t http_server_connections(const struct http_server *server) {
    return server->connection_count;
}

const char *server_date(struct http_server *server) {
    int64_t now_ns = clock_wall_ns();
    if (server->date_second != now_ns / NS_PER_S || server->date_text[0] == '\0') {
        server->date_second = now_ns / NS_PER_S;
        clock_format_http(now_ns, server->date_text);
    }
    return server->date_text;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Listening sockets are polled and accepted from here instead of by uv_listen(), which closes what waits
// when descriptors run out, and does not return while accept() fails for want of memory.
#include "http/http_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#define ACCEPTS_PER_TURN 16
#define RETRY_NS (50 * NS_PER_MS)

struct listener_socket {
    struct list link;
    struct http_server *server;
    uv_poll_t poll;
    int fd;
    enum http_transport transport;
};

static void on_connections(uv_poll_t *poll, int status, int events);

static void on_listener_closed(uv_handle_t *handle) {
    free(CONTAINER_OF((uv_poll_t *)handle, struct listener_socket, poll));
}

static void listener_close(struct listener_socket *listener) {
    list_remove(&listener->link);
    uv_close((uv_handle_t *)&listener->poll, on_listener_closed);
    (void)close(listener->fd);
}

void server_close_listeners(struct http_server *server) {
    struct listener_socket *listener;
    LIST_FOR_EACH (listener, &server->listeners, link)
        listener_close(listener);
    timer_stop(server->accept_timer);
}

// --- pausing ---

// Connections wait in the listeners' queues until one of ours closes, or for a while: what is missing may come
// back by itself, and idle connections get old enough to be closed.
static void pause_listeners(struct http_server *server) {
    struct listener_socket *listener;
    LIST_FOR_EACH (listener, &server->listeners, link)
        (void)uv_poll_stop(&listener->poll);
    server->accepts = false;
    timer_start(server->accept_timer, RETRY_NS);
}

void server_retry_accept(void *data) {
    struct http_server *server = data;
    struct listener_socket *listener;
    timer_stop(server->accept_timer);
    server->accepts = true;
    LIST_FOR_EACH (listener, &server->listeners, link)
        (void)uv_poll_start(&listener->poll, UV_READABLE, on_connections);
}

static bool has_room(const struct http_server *server) {
    return server->connection_count < server->limits.connections &&
           server->newest_descriptor < server->limits.descriptor;
}

// --- accepting ---

static bool make_room_after(struct http_server *server, int errnum) {
    bool is_short = errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS || errnum == ENOMEM;
    if (is_short && connection_evict(server))
        return true;
    pause_listeners(server);
    return false;
}

static bool is_lost_connection(int errnum) {
    return errnum == EINTR || errnum == ECONNABORTED || errnum == EPROTO || errnum == EPERM;
}

// False if there is no connection to be accepted, or none may be accepted now.
static bool accept_next(struct listener_socket *listener) {
    struct http_server *server = listener->server;
    if (!has_room(server) && !connection_evict(server)) {
        pause_listeners(server);
        return false;
    }
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return errno != EAGAIN && (is_lost_connection(errno) || make_room_after(server, errno));
    server->newest_descriptor = fd;
    connection_open(server, fd, listener->transport);
    return true;
}

static void on_connections(uv_poll_t *poll, int status UNUSED, int events UNUSED) {
    struct listener_socket *listener = CONTAINER_OF(poll, struct listener_socket, poll);
    const struct http_server *server = listener->server;
    // Only the first is sure to be there, so that nobody has to make room for more.
    for (int i = 0; i < ACCEPTS_PER_TURN && (i == 0 || has_room(server)); i++) {
        if (!accept_next(listener))
            return;
    }
}

bool http_server_listen(struct http_server *server, int fd, enum http_transport transport, struct error *err) {
    struct listener_socket *listener = memory_new(sizeof *listener);
    int code = uv_poll_init(loop_uv(server->loop), &listener->poll, fd);
    if (code != 0) {
        (void)close(fd);
        free(listener);
        return error_set_errno(err, -code, "cannot listen");
    }
    listener->server = server;
    listener->fd = fd;
    listener->transport = transport;
    list_add(&server->listeners, &listener->link);
    code = uv_poll_start(&listener->poll, UV_READABLE, on_connections);
    if (code == 0)
        return true;
    listener_close(listener);
    return error_set_errno(err, -code, "cannot listen");
}

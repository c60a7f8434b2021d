// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/connection_internal.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/file.h"

void client_connection_init(struct client_connection *connection, const struct client_endpoint *endpoint) {
    *connection = (struct client_connection){.endpoint = endpoint, .fd = -1};
}

void client_connection_open(struct client_connection *connection, int fd) {
    connection->fd = fd;
}

void client_connection_close(struct client_connection *connection) {
    client_watch_clear(&connection->watch);
    file_close_at(&connection->fd);
}

int client_connection_take(struct client_connection *connection) {
    int fd = connection->fd;
    client_watch_clear(&connection->watch);
    connection->fd = -1;
    return fd;
}

bool client_connection_watch(struct client_connection *connection, struct client_wants *wants, short events,
                             struct error *err) {
    return client_watch_set(&connection->watch, wants->poll_fd, connection->fd, events, err);
}

static enum client_io io_failed(const struct client_connection *connection, const char *what, struct error *err) {
    if (errno == EAGAIN || errno == EINTR)
        return CLIENT_IO_BLOCKED;
    const struct client_endpoint *endpoint = connection->endpoint;
    error_set_errno(err, errno, "%s %s", what, endpoint->socket_path != NULL ? endpoint->socket_path : endpoint->host);
    if (err != NULL)
        err->kind = ERROR_CONNECTION;
    return CLIENT_IO_FAILED;
}

enum client_io client_connection_send(struct client_connection *connection, const char *bytes, size_t length,
                                      size_t *sent, struct error *err) {
    ssize_t count = send(connection->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && (errno == EPIPE || errno == ECONNRESET))
        return CLIENT_IO_CLOSED;
    if (count < 0)
        return io_failed(connection, "write", err);
    *sent = (size_t)count;
    return CLIENT_IO_DONE;
}

enum client_io client_connection_receive(struct client_connection *connection, char *bytes, size_t size,
                                         size_t *received, struct error *err) {
    ssize_t count = recv(connection->fd, bytes, size, MSG_DONTWAIT);
    if (count < 0)
        return io_failed(connection, "read", err);
    *received = (size_t)count;
    return count > 0 ? CLIENT_IO_DONE : CLIENT_IO_CLOSED;
}

bool client_connection_has_input(const struct client_connection *connection) {
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR);
}

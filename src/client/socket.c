// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/socket_internal.h"

#include <errno.h>
#include <sys/socket.h>

static enum client_io io_failed(const struct client_socket *socket, const char *what, struct error *err) {
    if (errno == EAGAIN || errno == EINTR)
        return CLIENT_IO_BLOCKED;
    error_set_errno(err, errno, "%s %s", what, socket->peer);
    if (err != NULL)
        err->kind = ERROR_CONNECTION;
    return CLIENT_IO_FAILED;
}

enum client_io client_socket_send(const struct client_socket *socket, const char *bytes, size_t length, size_t *sent,
                                  struct error *err) {
    ssize_t count = send(socket->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && (errno == EPIPE || errno == ECONNRESET))
        return CLIENT_IO_CLOSED;
    if (count < 0)
        return io_failed(socket, "write", err);
    *sent = (size_t)count;
    return CLIENT_IO_DONE;
}

enum client_io client_socket_receive(const struct client_socket *socket, char *bytes, size_t size, size_t *received,
                                     struct error *err) {
    ssize_t count = recv(socket->fd, bytes, size, MSG_DONTWAIT);
    if (count < 0)
        return io_failed(socket, "read", err);
    *received = (size_t)count;
    return count > 0 ? CLIENT_IO_DONE : CLIENT_IO_CLOSED;
}

bool client_socket_has_input(const struct client_socket *socket) {
    char byte;
    return recv(socket->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR);
}

// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/connection_internal.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/file.h"

void client_connection_init(struct client_connection *connection, const struct client_endpoint *endpoint) {
    *connection = (struct client_connection){.endpoint = endpoint, .socket = {.fd = -1}};
    connection->socket.peer = endpoint->socket_path != NULL ? endpoint->socket_path : endpoint->host;
}

static bool is_secure(const struct client_connection *connection) {
    return connection->secure.engine != NULL;
}

bool client_connection_open(struct client_connection *connection, int fd, struct error *err) {
    const struct client_endpoint *endpoint = connection->endpoint;
    connection->socket.fd = fd;
    if (endpoint->tls == NULL || client_secure_init(&connection->secure, endpoint->tls, endpoint->host, err))
        return true;
    client_connection_close(connection);
    return false;
}

bool client_connection_is_open(const struct client_connection *connection) {
    return connection->socket.fd >= 0;
}

void client_connection_close(struct client_connection *connection) {
    client_watch_clear(&connection->watch);
    client_secure_finish(&connection->secure, &connection->socket);
    file_close_at(&connection->socket.fd);
}

void client_connection_move(struct client_connection *to, struct client_connection *from) {
    client_watch_clear(&from->watch);
    to->socket.fd = from->socket.fd;
    to->secure = from->secure;
    from->socket.fd = -1;
    from->secure = (struct client_secure){0};
}

bool client_connection_watch(struct client_connection *connection, struct client_wants *wants, short events,
                             struct error *err) {
    if (is_secure(connection)) {
        if ((events & POLLIN) != 0 && client_secure_is_due(&connection->secure))
            client_wants_time(wants, clock_monotonic_ns());
        events = client_secure_events(&connection->secure, events);
    }
    return client_watch_set(&connection->watch, wants->poll_fd, connection->socket.fd, events, err);
}

// --- input and output ---

enum client_progress client_connection_handshake(struct client_connection *connection, struct error *err) {
    AUTO_ERROR struct error cause = {0};
    if (!is_secure(connection))
        return CLIENT_DONE;
    enum client_progress progress = client_secure_handshake(&connection->secure, &connection->socket, &cause);
    const char *unset = connection->endpoint->unset_fingerprint;
    if (progress != CLIENT_FAILED)
        return progress;
    // A daemon that makes its certificates itself is recognized by its fingerprint only.
    if (unset != NULL && tls_engine_refuses_peer(connection->secure.engine))
        (void)error_set(err, cause.kind, "%s; %s is not set", error_text(&cause), unset);
    else
        (void)error_move(err, &cause);
    return progress;
}

enum client_io client_connection_send(struct client_connection *connection, const char *bytes, size_t length,
                                      size_t *sent, struct error *err) {
    if (is_secure(connection))
        return client_secure_send(&connection->secure, &connection->socket, bytes, length, sent, err);
    return client_socket_send(&connection->socket, bytes, length, sent, err);
}

enum client_io client_connection_receive(struct client_connection *connection, char *bytes, size_t size,
                                         size_t *received, struct error *err) {
    if (is_secure(connection))
        return client_secure_receive(&connection->secure, &connection->socket, bytes, size, received, err);
    return client_socket_receive(&connection->socket, bytes, size, received, err);
}

void client_connection_end_output(struct client_connection *connection) {
    (void)shutdown(connection->socket.fd, SHUT_WR);
}

bool client_connection_has_input(struct client_connection *connection) {
    return is_secure(connection) ? client_secure_has_input(&connection->secure, &connection->socket)
                                 : client_socket_has_input(&connection->socket);
}

bool client_connection_has_output(const struct client_connection *connection) {
    return is_secure(connection) && client_secure_has_output(&connection->secure);
}

bool client_connection_is_refused(const struct client_connection *connection) {
    return is_secure(connection) && client_secure_is_refused(&connection->secure);
}

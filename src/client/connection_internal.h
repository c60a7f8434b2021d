// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: one open connection: a socket, with TLS over it if the endpoint has that.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "client/endpoint_internal.h"
#include "client/secure_internal.h"
#include "client/socket_internal.h"
#include "client/watch_internal.h"

#include <stdbool.h>
#include <stddef.h>

struct client_connection {
    const struct client_endpoint *endpoint; // borrowed
    struct client_socket socket;            // its descriptor is -1 while the connection is closed
    struct client_secure secure;            // without an engine if there is no TLS
    struct client_watch watch;
};

void client_connection_init(struct client_connection *connection, const struct client_endpoint *endpoint); // closed
// Of one that is closed; takes the connected socket over. ERROR_INTERNAL without memory: it is closed then.
bool client_connection_open(struct client_connection *connection, int fd, struct error *err) NODISCARD;
bool client_connection_is_open(const struct client_connection *connection);
void client_connection_close(struct client_connection *connection);
// Gives what is open to `to`, which is closed, and of the same endpoint.
void client_connection_move(struct client_connection *to, struct client_connection *from);
// Registers the socket for what the events stand for, POLLIN and perhaps POLLOUT.
bool client_connection_watch(struct client_connection *connection, struct client_wants *wants, short events,
                             struct error *err) NODISCARD;

// Until it has returned CLIENT_DONE, at once without TLS, nothing else is called but the functions above.
// ERROR_CONNECTION.
enum client_progress client_connection_handshake(struct client_connection *connection, struct error *err) NODISCARD;
// Both transfer as much as they can at once, up to the length.
enum client_io client_connection_send(struct client_connection *connection, const char *bytes, size_t length,
                                      size_t *sent, struct error *err) NODISCARD;
enum client_io client_connection_receive(struct client_connection *connection, char *bytes, size_t size,
                                         size_t *received, struct error *err) NODISCARD;
// The peer reads the end after what was sent; what it sends can still be received.
void client_connection_end_output(struct client_connection *connection);
// Whether bytes of the peer wait, or it has closed, or the connection has failed.
bool client_connection_has_input(struct client_connection *connection);
// Whether bytes that were taken by client_connection_send() have still to be sent.
bool client_connection_has_output(const struct client_connection *connection);
// Whether TLS was refused by one of both sides: the next connection would fail too.
bool client_connection_is_refused(const struct client_connection *connection);

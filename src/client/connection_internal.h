// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: one open socket, non-blocking. SIGPIPE is never raised.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "client/endpoint_internal.h"
#include "client/watch_internal.h"

#include <stdbool.h>
#include <stddef.h>

struct client_connection {
    const struct client_endpoint *endpoint; // borrowed, for messages
    int fd;                                 // -1 while closed
    struct client_watch watch;
};

enum client_io {
    CLIENT_IO_DONE,    // some bytes
    CLIENT_IO_BLOCKED, // none for now
    CLIENT_IO_CLOSED,  // by the peer
    CLIENT_IO_FAILED,  // ERROR_CONNECTION
};

void client_connection_init(struct client_connection *connection, const struct client_endpoint *endpoint); // closed
void client_connection_open(struct client_connection *connection, int fd); // of one that is closed; takes fd over
void client_connection_close(struct client_connection *connection);
int client_connection_take(struct client_connection *connection); // gives the descriptor away, and is closed
bool client_connection_watch(struct client_connection *connection, struct client_wants *wants, short events,
                             struct error *err) NODISCARD;

// Both take or give as much as they can at once, up to the length.
enum client_io client_connection_send(struct client_connection *connection, const char *bytes, size_t length,
                                      size_t *sent, struct error *err) NODISCARD;
enum client_io client_connection_receive(struct client_connection *connection, char *bytes, size_t size,
                                         size_t *received, struct error *err) NODISCARD;
// Whether bytes of the peer wait, or it has closed.
bool client_connection_has_input(const struct client_connection *connection);

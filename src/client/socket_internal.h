// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: a connected socket, non-blocking. SIGPIPE is never raised.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct client_socket {
    int fd;           // -1: closed
    const char *peer; // borrowed: its path or host, for messages
};

// How an attempt to send or receive has ended.
enum client_io {
    CLIENT_IO_DONE,    // some bytes
    CLIENT_IO_BLOCKED, // none for now
    CLIENT_IO_CLOSED,  // by the peer
    CLIENT_IO_FAILED,  // ERROR_CONNECTION
};

// Both transfer as much as they can at once, up to the length.
enum client_io client_socket_send(const struct client_socket *socket, const char *bytes, size_t length, size_t *sent,
                                  struct error *err) NODISCARD;
enum client_io client_socket_receive(const struct client_socket *socket, char *bytes, size_t size, size_t *received,
                                     struct error *err) NODISCARD;
// Whether there are bytes of the peer to receive, or it has closed.
bool client_socket_has_input(const struct client_socket *socket);

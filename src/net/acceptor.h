// SPDX-License-Identifier: GPL-3.0-or-later
// Accepts connections at listening sockets. If there is no room for one, or descriptors or memory are exhausted,
// connections wait in the queue of the socket; they are not closed, and the loop does not spin. Each socket pauses on
// its own.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "net/stream.h"

#include <stdbool.h>

struct acceptor;

// Called from the loop.
struct acceptor_handlers {
    // Whether there is room for one more connection of the kind.
    bool (*may_accept)(enum stream_kind kind, void *data);
    // Makes room, for example by closing an idle connection. Returns false if that is not possible now.
    bool (*make_room)(enum stream_kind kind, void *data);
    // A new connection, owned by the handler. May destroy the acceptor.
    void (*on_accepted)(struct stream *stream, enum stream_kind kind, void *data);
};

struct acceptor *acceptor_create(struct loop *loop, const struct acceptor_handlers *handlers, void *data)
    __attribute__((returns_nonnull));
// Closes the listening sockets. NULL is allowed.
void acceptor_destroy(struct acceptor *acceptor);
// Takes ownership of a listening socket, also on failure.
bool acceptor_listen(struct acceptor *acceptor, int fd, enum stream_kind kind, struct error *err) NODISCARD;
// Call when there is room again. While a socket is paused, it is also retried every 50 ms, because descriptors or
// memory may become available without a call.
void acceptor_resume(struct acceptor *acceptor);
bool acceptor_is_paused(const struct acceptor *acceptor); // or one of its sockets

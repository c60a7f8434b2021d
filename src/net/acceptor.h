// SPDX-License-Identifier: GPL-3.0-or-later
// Accepts connections at listening sockets. When there is no room for more, or the system has no descriptors or no
// memory, connections wait in the sockets' queues: nobody is turned away, and nothing spins.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "net/stream.h"

#include <stdbool.h>

struct acceptor;

// Called from the loop.
struct acceptor_handlers {
    // Whether there is room for one more connection.
    bool (*may_accept)(void *data);
    // Makes room, for instance by closing a connection that is idle; false if that is not possible now.
    bool (*make_room)(void *data);
    // A connection, owned by the handler from now on. May destroy the acceptor.
    void (*on_accepted)(struct stream *stream, enum stream_kind kind, void *data);
};

struct acceptor *acceptor_create(struct loop *loop, const struct acceptor_handlers *handlers, void *data)
    __attribute__((returns_nonnull));
// Closes the listening sockets. NULL is fine.
void acceptor_destroy(struct acceptor *acceptor);
// Takes over a listening socket, also on failure.
bool acceptor_listen(struct acceptor *acceptor, int fd, enum stream_kind kind, struct error *err) NODISCARD;
// To be called when there is room again. While accepting is paused, that is tried every 50 ms as well: what was missing
// may come back by itself.
void acceptor_resume(struct acceptor *acceptor);
bool acceptor_is_paused(const struct acceptor *acceptor);

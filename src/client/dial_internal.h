// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: opening a connection, step by step. Failures are ERROR_CONNECTION, in the words that users of
// the reference know: "dial unix PATH: connect: connection refused", `socket "PATH" not found`.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "client/endpoint_internal.h"
#include "client/resolver_internal.h"
#include "client/watch_internal.h"

#include <stdbool.h>
#include <stdint.h>

enum client_dial_state {
    CLIENT_DIAL_IDLE,
    CLIENT_DIAL_RESOLVING,
    CLIENT_DIAL_CONNECTING,
    CLIENT_DIAL_WAITING, // the backlog of a Unix socket is full
};

struct client_dial {
    const struct client_endpoint *endpoint; // borrowed
    enum client_dial_state state;
    struct client_resolution *resolution; // TCP only
    const struct addrinfo *address;       // of it, the one that is tried
    int fd;                               // -1 if there is none
    struct client_watch watch;            // of fd, or of the resolution's
    int64_t deadline_ns;                  // of the resolution, or of one address
    int64_t resume_ns;                    // CLIENT_DIAL_WAITING: when connect() is tried again
    struct error first;                   // what happened at the first address
};

void client_dial_init(struct client_dial *dial, const struct client_endpoint *endpoint);
void client_dial_finish(struct client_dial *dial); // gives up; it can be used again
// Begins, or goes on. CLIENT_DONE: *fd is connected, non-blocking, and the caller's. Resolving, and each of the
// addresses, which are tried in order, may take 30 seconds. The first address's failure is the one that is given.
enum client_progress client_dial_step(struct client_dial *dial, int *fd, struct error *err) NODISCARD;
bool client_dial_watch(struct client_dial *dial, struct client_wants *wants, struct error *err) NODISCARD;

// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: one connection of a client through the relay to the daemon. Bytes, half-closed connections and
// the end of either side pass in both directions. What one side does not take stays in a bounded buffer, and then the
// other side is not read.
#pragma once

#include "base/compiler.h"
#include "testing/recorder_internal.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#define TESTING_LINK_BYTES ((size_t)65536) // of the buffer of each direction

struct testing_flow {
    char *bytes; // owned
    size_t start, length;
    bool has_ended;     // the source sends no more
    bool has_passed_on; // the end has reached the target
};

struct testing_side {
    int fd;       // owned; -1: closed, or not connected yet
    bool is_gone; // has closed its socket: it takes no more bytes either
};

struct testing_link {
    struct testing_side client, daemon;
    struct testing_flow to_daemon, to_client;
    struct testing_recorder recorder;
};

// `client_fd` and `daemon_fd` are non-blocking stream sockets; `daemon_fd` is -1 until testing_link_connect().
struct testing_link *testing_link_create(int client_fd, struct testing_records *records);
void testing_link_connect(struct testing_link *link, int daemon_fd);
void testing_link_destroy(struct testing_link *link);

#define TESTING_LINK_POLLS 2
// What to wait for.
void testing_link_watch(const struct testing_link *link, struct pollfd polls[TESTING_LINK_POLLS]);
// Passes on what does not wait. False: the connection is over, destroy the link.
bool testing_link_step(struct testing_link *link, const struct pollfd polls[TESTING_LINK_POLLS]) NODISCARD;

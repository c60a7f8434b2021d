// SPDX-License-Identifier: GPL-3.0-or-later
// Outgoing connections. Names are resolved in a worker pool, the addresses tried one after the other, and the result is
// a stream. All functions are called from the loop's thread.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct connector;
struct connection_attempt;
struct stream;

// The addresses of a name; ports do not count.
struct address_list {
    struct sockaddr_storage *items; // owned
    size_t count;
};

// Resolves a name. Blocks, in a worker thread: it uses only what it is given. An error's message goes behind
// "lookup NAME: ".
typedef bool (*resolve_fn)(const char *name, struct address_list *found, struct error *err);

// `resolve`: for tests; NULL is getaddrinfo().
struct connector *connector_create(struct loop *loop, resolve_fn resolve) __attribute__((returns_nonnull));
// Cancels all attempts, and waits for nothing: a look-up that hangs only keeps its thread. NULL is fine.
void connector_destroy(struct connector *connector);

struct connect_target {
    const char *host; // a name, or a numeric address without brackets
    uint16_t port;
    const char *unix_path; // unless NULL, a Unix socket takes the place of host and port
    int64_t deadline_ns;   // from now, for resolving and all addresses together; 0: 30 s
};

// Called from the loop, never from within connector_start(). Exactly one of `stream`, which is given away, and `err` is
// set. The attempt is over: its pointer is only good for comparing. Errors are ERROR_CONNECTION, ERROR_TIMEOUT, and
// ERROR_UNAVAILABLE if too many look-ups wait or hang; of several addresses the first one's error is reported:
// `dial tcp 127.0.0.1:80: connect: connection refused`, `dial tcp: lookup NAME: no such host`,
// `dial tcp 10.0.0.1:80: i/o timeout`, `dial unix PATH: connect: no such file or directory`.
typedef void (*connect_done_fn)(struct connection_attempt *attempt, struct stream *stream, const struct error *err,
                                void *data);

// The target is borrowed for the call. Each address gets an equal share of the time that is left.
struct connection_attempt *connector_start(struct connector *connector, const struct connect_target *target,
                                           connect_done_fn on_done, void *data) __attribute__((returns_nonnull));
// Ends an attempt without a call of its function; within that without effect.
void connector_cancel(struct connection_attempt *attempt);

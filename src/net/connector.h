// SPDX-License-Identifier: GPL-3.0-or-later
// Outgoing connections. Resolves names in a worker pool, tries the addresses in order, and returns a stream. All
// functions must be called from the thread of the loop.
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

// The addresses of a name; their ports are ignored.
struct address_list {
    struct sockaddr_storage *items; // owned
    size_t count;
};

// Resolves a name. Called in a worker thread; may block, and may only use its arguments. Its error message follows
// "lookup NAME: ".
typedef bool (*resolve_fn)(const char *name, struct address_list *found, struct error *err);

// `resolve`: for tests; NULL is getaddrinfo().
struct connector *connector_create(struct loop *loop, resolve_fn resolve) __attribute__((returns_nonnull));
// Cancels all attempts. Does not wait for hanging look-ups; only their threads remain. NULL is allowed.
void connector_destroy(struct connector *connector);

struct connect_target {
    const char *host; // a name, or a numeric address without brackets
    uint16_t port;
    const char *unix_path; // if not NULL, a Unix socket instead of host and port
    int64_t deadline_ns;   // duration, for resolving and all addresses together; 0: 30 s
};

// Called from the loop, never from within connector_start(). Exactly one of `stream`, which the callee owns, and `err`
// is set. The attempt has ended; its pointer must not be dereferenced. Errors are ERROR_CONNECTION, ERROR_TIMEOUT, and
// ERROR_UNAVAILABLE if too many look-ups wait. With several addresses, the error of the first is reported:
// `dial tcp 127.0.0.1:80: connect: connection refused`, `dial tcp: lookup NAME: no such host`,
// `dial tcp 10.0.0.1:80: i/o timeout`, `dial unix PATH: connect: no such file or directory`.
typedef void (*connect_done_fn)(struct connection_attempt *attempt, struct stream *stream, const struct error *err,
                                void *data);

// The target is borrowed for the call. The remaining time is divided equally among the remaining addresses.
struct connection_attempt *connector_start(struct connector *connector, const struct connect_target *target,
                                           connect_done_fn on_done, void *data) __attribute__((returns_nonnull));
// Cancels an attempt. Its function is not called. Without effect from within that function.
void connector_cancel(struct connection_attempt *attempt);

// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: all connections of a server, by what they wait for, and how much memory they hold. Knows which one
// is closed when descriptors or memory run short.
#pragma once

#include "loop/deadline_list.h"

#include <stdbool.h>
#include <stddef.h>

// What a connection waits for; each kind has its own time limit.
enum connection_wait {
    WAIT_IDLE,     // for a request: no limit, but the first to go when descriptors run out
    WAIT_HEAD,     // for the rest of a head: from its first byte on
    WAIT_PROGRESS, // for more of a body, or for the client to read
    WAIT_LINGER,   // for the client to see a response that ended the connection
    WAIT_KINDS,
    WAIT_NONE = WAIT_KINDS, // a request is being handled, or the next one is about to be
};

// Constants, but for tests, which lower them before the first connection comes.
struct http_limits {
    int64_t wait_ns[WAIT_KINDS];
    int64_t evict_ns; // a connection that has waited for less is not closed to make room: its request may be there
    size_t connections;
    int descriptor;           // no new connection that would get this number or a higher one
    size_t skipped_bytes;     // of an unread body, before the connection is given up
    size_t input_bytes;       // of one connection's pipelined input, before reading pauses
    size_t unread_bytes;      // of one connection's responses, before its next request is looked at
    size_t buffered_bytes;    // of all connections, before one is closed
    size_t requests_per_turn; // of one connection, so that pipelining does not starve the others
};

// A connection's part; zeroed but for `wait` at first.
struct connection_entry {
    struct list link;
    struct deadline deadline;
    enum connection_wait wait;
    size_t counted_bytes;
};

// What is asked of a connection. Neither calls a function of a request's handler.
struct connection_entry_functions {
    void (*close)(struct connection_entry *entry);  // calls connections_remove()
    void (*on_due)(struct connection_entry *entry); // its time limit is over
};

struct connection_handlers;

struct connections {
    struct loop *loop;
    struct http_limits limits;
    const struct connection_entry_functions *functions;
    const struct connection_handlers *handlers; // of their requests
    void (*on_closed)(void *data);              // one has been closed
    void *data;                                 // of on_closed and the handlers
    struct list open;                           // connection_entry.link
    struct list closed;                         // the same, until they are freed
    struct deadline_list *waits[WAIT_KINDS];
    size_t count;          // of the open ones
    size_t buffered_bytes; // of heads, bodies, pipelined input and responses that are not taken
    size_t busy_bytes;     // of these, those of connections that wait for nothing
    bool is_stopping;      // idle connections are to be closed
};

// `handlers`, `on_closed` and `data` are set by the caller.
void connections_init(struct connections *all, struct loop *loop, const struct http_limits *limits,
                      const struct connection_entry_functions *functions);
void connections_finish(struct connections *all); // all are closed and freed
void connections_add(struct connections *all, struct connection_entry *entry);
void connections_remove(struct connections *all, struct connection_entry *entry); // for the list of closed ones
void connections_close_all(struct connections *all);
void connections_close_waiting(struct connections *all, enum connection_wait wait);

// Begins to wait; the time so far counts on if it waits for a head, or to linger, already.
void connections_wait(struct connections *all, struct connection_entry *entry, enum connection_wait wait);
// Closes the connection that can be missed most; false if all are busy or new.
bool connections_evict(struct connections *all);
// Notes how much memory a connection holds now. If it is too much for all, closes connections, maybe this one: those
// that have waited longest for a head, then those longest without progress. Where requests that are being handled hold
// more than half of what is allowed, the one that holds most is closed, so that they leave something to the others.
void connections_count(struct connections *all, struct connection_entry *entry, size_t bytes);

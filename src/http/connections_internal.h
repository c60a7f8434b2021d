// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: all connections of a server, by what they wait for, with the memory they hold. Selects connections
// to close when descriptors or memory run short.
#pragma once

#include "http/owners_internal.h"
#include "http/response_head_internal.h"
#include "loop/deadline_list.h"

#include <stdbool.h>
#include <stddef.h>

// What a connection waits for. Each kind has its own time limit.
enum connection_wait {
    WAIT_HANDSHAKE, // of TLS
    WAIT_IDLE,      // for a request; no limit, but closed first when descriptors run out
    WAIT_HEAD,      // for the rest of a head, from its first byte on
    WAIT_PROGRESS,  // during a request: for more of its body, or for the client to read
    WAIT_REST,      // the same after the response
    WAIT_LINGER,    // for the client to receive the last response
    WAIT_KINDS,
    WAIT_NONE = WAIT_KINDS, // a request is being handled or about to be
};

// Constants. Tests lower them before the first connection.
struct http_limits {
    int64_t wait_ns[WAIT_KINDS];
    int64_t evict_ns; // a connection that has waited for less is not closed to make room; its request may be under way
    int64_t handshake_evict_ns; // the same for a handshake, to make room for another one
    size_t connections;
    size_t reserved;       // of these, for administrators only
    size_t tls;            // of these, over TLS
    size_t handshakes;     // of these, in the handshake
    int descriptor;        // new connections with this number or a higher one are refused
    size_t skipped_bytes;  // of an unread body, before the connection is closed
    size_t input_bytes[2]; // of pipelined input of one connection, before reading pauses; of others, of administrators
    size_t progress_bytes[2]; // in each wait for progress; of others, of administrators
    size_t unread_bytes;      // of responses of one connection, before its next request is parsed
    size_t buffered_bytes;    // of all connections, before one is closed; half of it of those of others
    size_t requests_per_turn; // of one connection, so that pipelining does not starve others
};

// Embedded in a connection; zeroed initially, except `owner` and `is_tls`.
struct connection_entry {
    struct list link;
    struct deadline deadline;
    enum connection_wait wait;
    enum hold hold;
    int64_t held_since_ns; // monotonic; since when it has been held for this
    struct list in_owner;  // in owner.held
    struct owner *owner;   // NULL after it has been removed
    size_t counted_bytes;
    bool is_administrator; // its owner is
    bool is_tls;
};

// Functions of a connection. They do not call the handler of a request.
struct connection_entry_functions {
    void (*close)(struct connection_entry *entry);  // calls connections_remove()
    void (*on_due)(struct connection_entry *entry); // its time limit has expired
    // Refuses the body of its request, with ERROR_UNAVAILABLE, if that is being collected. Sets the memory that it
    // holds afterwards. Returns false if nothing is being collected.
    bool (*refuse_body)(struct connection_entry *entry, size_t *held_bytes);
};

struct connection_handlers;

struct connections {
    struct loop *loop;
    struct http_limits limits;
    const struct connection_entry_functions *functions;
    const struct connection_handlers *handlers; // of the requests
    // A connection has been closed.
    void (*on_closed)(const struct connection_entry *entry, void *data);
    // A connection is about to be closed, because its handshake has failed. `remote` is the client's address. NULL
    // if the client closed the connection before it was accepted.
    void (*on_handshake_failed)(const char *remote, const struct error *err, void *data);
    void *data;                              // for these and the handlers
    struct list open;                        // connection_entry.link
    struct list closed;                      // connection_entry.link; until they are freed
    struct owners owners;                    // of open connections
    struct deadline_list *waits[WAIT_KINDS]; // time limits
    size_t count;                            // of open connections
    size_t administrators;                   // of these, those of administrators
    size_t tls;                              // of these, those over TLS
    size_t handshakes;                       // of these, those that wait for the handshake
    size_t buffered_bytes;                   // of requests, pipelined input and unsent responses
    size_t strangers_bytes;                  // of these, those of others than administrators
    size_t busy_bytes;                       // part of buffered_bytes: of connections that wait for nothing
    size_t peak_bytes;                       // the most buffered_bytes since memory was returned to the system
    struct deferred trim;                    // returns memory to the system
    struct response_date date;               // of responses
    bool is_stopping;                        // idle connections are closed
};

// `owners`, `handlers`, `on_closed`, `on_handshake_failed` and `data` are set by the caller, afterwards.
void connections_init(struct connections *all, struct loop *loop, const struct http_limits *limits,
                      const struct connection_entry_functions *functions);
void connections_finish(struct connections *all); // closes and frees all connections
void connections_add(struct connections *all, struct connection_entry *entry);
void connections_remove(struct connections *all, struct connection_entry *entry); // moves it to the list of closed ones
void connections_close_all(struct connections *all);
void connections_close_waiting(struct connections *all, enum connection_wait wait);

// Begins a wait, and returns true. If the connection is already waiting for a head, for progress, or lingering, the
// time so far counts, and false is returned.
bool connections_wait(struct connections *all, struct connection_entry *entry, enum connection_wait wait);
// Begins the present wait anew.
void connections_wait_again(struct connections *all, struct connection_entry *entry);
// Whether connections of administrators occupy all slots that are reserved for them.
bool connections_reserve_is_used(const struct connections *all);
// Closes the least important connection to make room for one of an administrator, or of somebody else: of an owner with
// the most connections, the one held longest of the first kind of hold. One of an administrator is closed only if the
// others' are all new; for somebody else, only if it is beyond the reserve; never if its request is being handled.
// Returns false if none can be closed.
bool connections_evict(struct connections *all, bool for_administrator);
// The same among the connections over TLS.
bool connections_evict_tls(struct connections *all);
// Closes the handshake that has taken longest, if that is long enough. Returns false if there is none.
bool connections_evict_handshake(struct connections *all);
// Records how much memory a connection holds, and closes connections, possibly this one, if that is too much.
// If those of others than administrators hold more than half of the limit, the largest of an owner with the most bytes
// is closed. If those of administrators exceed the rest, the largest body that is being collected is refused; without
// one, the connection longest in a head, then the one longest without progress, is closed. If requests of
// administrators that are being handled hold more than half of the limit, the one that holds most is closed, so that
// memory is left for others.
void connections_count(struct connections *all, struct connection_entry *entry, size_t bytes);

// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: one request and its response over a connection, step by step: the client's idle connection or a
// new one; tried again as far as nothing can have happened twice.
//
//     BEGINNING ──▶ DIALING ──▶ HANDSHAKING ──▶ SENDING ──▶ RECEIVING ──▶ ENDED
//         ▲  └─────────── idle connection ────────▲            │
//         └────────────────── PAUSING ◀──────── no daemon ─────┘
#pragma once

#include "base/compiler.h"
#include "client/client_internal.h"
#include "client/connection_internal.h"
#include "client/dial_internal.h"
#include "client/exchange_internal.h"
#include "client/watch_internal.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum client_transfer_state {
    CLIENT_TRANSFER_BEGINNING,
    CLIENT_TRANSFER_DIALING,
    CLIENT_TRANSFER_HANDSHAKING, // of TLS; left at once without it
    CLIENT_TRANSFER_SENDING,
    CLIENT_TRANSFER_RECEIVING,
    CLIENT_TRANSFER_PAUSING, // before it is tried again
    CLIENT_TRANSFER_ENDED,
};

struct client_transfer {
    struct pebble_client *client; // borrowed
    struct client_exchange exchange;
    struct client_dial dial;
    struct client_connection connection;
    struct client_connection *kept; // borrowed: where the connection is between requests; NULL: with the client
    struct client_source *source;   // borrowed: the body of the request; NULL: none
    enum client_transfer_state state;
    char *input; // one piece of what was received
    size_t input_bytes;
    const char *failure_words; // what failures begin with; NULL: `cannot communicate with server: Get "URL": `
    size_t turn_bytes;         // sent and received since it waited last
    int64_t deadline_ns;       // CLIENT_NO_DEADLINE for none
    int64_t idle_ns;           // see struct client_transfer_limits
    int64_t idle_end_ns;       // when that has passed; CLIENT_NO_DEADLINE while nothing is due from the daemon
    int64_t retry_end_ns;      // until when it is tried again while there is no daemon
    int64_t resume_ns;         // CLIENT_TRANSFER_PAUSING: when it goes on
    int64_t handshake_end_ns;  // CLIENT_TRANSFER_HANDSHAKING: its deadline
    bool is_get;
    bool is_over_idle;       // over a connection that was there before
    bool is_awaiting_source; // CLIENT_TRANSFER_SENDING: the source has nothing to send for now
};

struct client_transfer_limits {
    int64_t deadline_ns; // for the whole of it, clock_monotonic_ns(); CLIENT_NO_DEADLINE for none
    int64_t idle_ns;     // the longest wait for the daemon to send or take a byte; 0: none
    bool is_single;      // a GET is not tried again while there is no daemon
    size_t input_bytes;  // most bytes of one piece of the response; 0: as many as are usual
    // Of the caller's own for its requests, in place of the client's idle one; it may be closed. A request over it that
    // fails is not tried again, so that the caller knows that it has ended. NULL: the client's.
    struct client_connection *kept;
};

// The client's time limits, for a call that begins now.
struct client_transfer_limits client_transfer_limits_of(const struct pebble_client *client);

enum client_transfer_event {
    CLIENT_TRANSFER_WAITING, // for its descriptors, or for time
    CLIENT_TRANSFER_HEAD,    // exchange.status is set
    CLIENT_TRANSFER_BODY,    // a piece of the body, borrowed until the next step
    CLIENT_TRANSFER_END,     // the connection is the client's again; after a switch of protocols it is open
    CLIENT_TRANSFER_FAILED,
};

// PEBBLE_ERROR_ARGUMENT if it is no request. `limits` may be NULL.
bool client_transfer_init(struct client_transfer *transfer, struct pebble_client *client,
                          const struct client_request *request, const struct client_transfer_limits *limits,
                          struct pebble_error *error) NODISCARD;
void client_transfer_finish(struct client_transfer *transfer); // in any state; fine for one that is all zero
// Goes on until the next event. Messages of failures begin with "cannot communicate with server: ". WAITING comes after
// a bounded number of bytes, even if there are more.
enum client_transfer_event client_transfer_step(struct client_transfer *transfer, const char **data, size_t *length,
                                                struct pebble_error *error) NODISCARD;
bool client_transfer_watch(struct client_transfer *transfer, struct client_wants *wants, struct error *err) NODISCARD;

// While the owner does not step it, because it cannot take more of the body: only the deadline is waited for.
void client_transfer_watch_deadline(struct client_transfer *transfer, struct client_wants *wants);
// PEBBLE_ERROR_TIMEOUT after the deadline.
bool client_transfer_check_deadline(const struct client_transfer *transfer, struct pebble_error *error) NODISCARD;

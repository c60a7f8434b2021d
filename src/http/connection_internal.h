// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: one connection. Bytes come in, requests are handed out one after the other, responses go out, and
// in the end the connection lingers until the client has seen the last response. States and diagram: docs/http.md.
//
// The request that is being handled is an exchange. A connection knows it by the functions that it calls (struct
// connection_handlers); the functions at the end of this file are what an exchange asks of its connection.
#pragma once

#include "http/connections_internal.h"
#include "net/peer.h"
#include "net/stream.h"
#include "wire/http_message.h"

struct http_exchange;

enum connection_state {
    CONNECTION_IDLE,         // between requests
    CONNECTION_HEAD,         // a part of a head has come
    CONNECTION_TAKING,       // input is being taken: what comes next is decided when that is over
    CONNECTION_READY,        // there is input to be taken in the next turn
    CONNECTION_HANDLING,     // a request is being handled, and nothing is expected from the client
    CONNECTION_TRANSFERRING, // the same, but the client has to send the body, or to take what was written
    CONNECTION_SKIPPING,     // the request is responded, and the rest of its body is thrown away
    CONNECTION_FLUSHING,     // the client has to take responses
    CONNECTION_UPGRADING,    // the stream is handed over in the next turn
    CONNECTION_LINGERING,    // everything is responded, and what still comes is thrown away
    CONNECTION_CLOSED,       // freed in the next turn
    CONNECTION_STATES,
};

// What happens to the body of the message that is being read.
enum connection_body {
    BODY_NONE,    // none is being read: a head is next
    BODY_HELD,    // it was not asked for yet, or is paused: nothing is read
    BODY_WANTED,  // it goes to the exchange
    BODY_SKIPPED, // it is thrown away
};

struct connection {
    struct connection_entry entry;
    struct connections *all;
    struct stream *stream; // NULL once it is closed or handed over
    enum stream_kind kind;
    struct peer peer;
    char address[PEER_ADDRESS_SIZE]; // of a TCP client
    enum connection_state state;
    enum connection_body body;
    // Facts that hold in several states.
    bool has_ended;    // the client sends no more
    bool closes_next;  // no request is taken after the one under way
    bool is_streaming; // the response under way is a stream, which may stall for as long as the client likes
    struct http_reader reader;
    struct buffer input; // received, but not taken yet
    struct http_exchange *exchange;
    size_t queued_bytes;  // for the client when it began to wait for progress
    size_t skipped_bytes; // of the body that is thrown away
    struct deferred turn;
    void (*on_upgraded)(struct stream *stream, const char *bytes, size_t length, void *data); // NULL: no upgrade
    void *upgrade_data;
};

// What a connection calls for its requests; `data` is that of `connections`. All but create() and held_bytes() are
// called from the loop, never from within a function of this header, and may end the exchange.
struct connection_handlers {
    // A head is complete: makes an exchange of it. NULL if it is no good. Takes the head over if it is.
    struct http_exchange *(*create)(struct connection *connection, struct http_taken_head *head, void *data);
    void (*handle)(struct http_exchange *exchange);
    void (*on_body)(struct http_exchange *exchange, const char *bytes, size_t length);
    // The body is complete, or with a reason why it never will be: a constant string.
    void (*on_body_end)(struct http_exchange *exchange, const char *reason);
    void (*on_drained)(struct http_exchange *exchange);   // little is left of what was written to a stream
    void (*on_abandoned)(struct http_exchange *exchange); // connection_is_abandoned()
    // The connection is closed, and the exchange must not use it any more. The only one that may be called from within
    // other functions: it calls nothing of the request's handler.
    void (*on_lost)(struct http_exchange *exchange);
    size_t (*held_bytes)(const struct http_exchange *exchange);
};

extern const struct connection_entry_functions connection_entry_functions;

// Takes the stream over.
void connection_open(struct connections *all, struct stream *stream, enum stream_kind kind);
// Frees the closed ones at once: at the end, when the loop does not come round any more.
void connections_free_closed(struct connections *all);

// --- for the exchange; none of these calls a function of a request's handler ---

void connection_write(struct connection *connection, const struct iovec *pieces, size_t count);
// How many bytes the client has not taken yet.
size_t connection_queued_bytes(const struct connection *connection);
// Decides what happens to the body of the request from now on; without effect once it has ended.
void connection_set_body(struct connection *connection, enum connection_body body);
void connection_begin_stream(struct connection *connection);
// Whether nothing more can come from the client.
bool connection_is_abandoned(const struct connection *connection);
// The exchange is over, and freed.
void connection_end_exchange(struct connection *connection);
// When its exchange has ended, the connection gives its stream away, with the bytes behind the request, and is freed.
// `on_upgraded` is called in the next turn, with NULL if the connection is closed before.
void connection_upgrade(struct connection *connection,
                        void (*on_upgraded)(struct stream *stream, const char *bytes, size_t length, void *data),
                        void *data);

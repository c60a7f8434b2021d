// SPDX-License-Identifier: GPL-3.0-or-later
// Private to http/: a connection. It parses input, passes requests on one at a time, and writes responses. At the end
// it lingers until the client has received the last response. States and diagram: docs/internals/http.md.
//
// The current request is an exchange. A connection calls it through struct connection_handlers. The functions at the
// end of this file are for the exchange.
#pragma once

#include "http/connections_internal.h"
#include "net/peer.h"
#include "net/stream.h"
#include "wire/http_message.h"

struct http_exchange;

enum connection_state {
    CONNECTION_HANDSHAKE,    // of TLS
    CONNECTION_IDLE,         // between requests
    CONNECTION_HEAD,         // a part of a head has been received
    CONNECTION_TAKING,       // input is being consumed; the next state is chosen afterwards
    CONNECTION_READY,        // there is input to consume when it is its turn
    CONNECTION_HANDLING,     // a request is being handled; nothing is expected from the client
    CONNECTION_TRANSFERRING, // the same; the client must send the body or read the response
    CONNECTION_SKIPPING,     // the response is complete; the rest of the body is discarded
    CONNECTION_FLUSHING,     // the client must read responses
    CONNECTION_UPGRADING,    // the stream is passed to its new owner in the next turn
    CONNECTION_LINGERING,    // all responses are complete; further input is discarded
    CONNECTION_CLOSED,       // freed in the next turn
    CONNECTION_STATES,
};

// What happens to the body of the current message.
enum connection_body {
    BODY_NONE,    // none; a head is next
    BODY_HELD,    // not requested yet, or paused; nothing is read
    BODY_WANTED,  // passed to the exchange
    BODY_SKIPPED, // discarded
};

struct connection {
    struct connection_entry entry;
    struct connections *all;
    struct stream *stream; // NULL after it is closed or passed on
    enum stream_kind kind;
    struct peer peer;
    char *address; // of a TCP client; NULL for a Unix socket
    enum connection_state state;
    enum connection_body body;
    // Conditions that apply in several states.
    bool has_ended;    // the client has shut down its sending side
    bool closes_next;  // no request is read after the current one
    bool is_streaming; // the current response is a stream, which may stall without a time limit
    struct http_reader reader;
    struct buffer input; // received but not consumed
    struct http_exchange *exchange;
    size_t queued_bytes;          // when the wait for progress began
    size_t received_bytes;        // since then
    size_t skipped_bytes;         // of the discarded body
    struct deferred turn;         // of UPGRADING and CLOSED
    struct share_call share_call; // of READY, and to read
    bool is_due_to_read;          // share_call waits to read
    int64_t served_ns;            // monotonic; when input was read last, 0 if never
    int64_t asked_ns;             // monotonic; when the time that is used now began
    void (*on_upgraded)(struct stream *stream, const char *bytes, size_t length, void *data); // NULL: no upgrade
    void *upgrade_data;
};

// Functions of the exchange, called by the connection; `data` is that of `connections`. All but create(),
// held_bytes() and refuse_body() are called from the loop, never from within a function of this header, and may end the
// exchange.
struct connection_handlers {
    // Creates an exchange for a complete head and takes ownership of the head. NULL if the head is invalid.
    struct http_exchange *(*create)(struct connection *connection, struct http_taken_head *head, void *data);
    void (*handle)(struct http_exchange *exchange);
    void (*on_body)(struct http_exchange *exchange, const char *bytes, size_t length);
    // The body is complete or, with a reason (a constant string), has failed.
    void (*on_body_end)(struct http_exchange *exchange, const char *reason);
    void (*on_drained)(struct http_exchange *exchange);   // most of the data written to a stream has been sent
    void (*on_abandoned)(struct http_exchange *exchange); // connection_is_abandoned()
    // The connection is closed; the exchange must not use it any more. May be called from within other functions,
    // because it does not call the handler of the request.
    void (*on_lost)(struct http_exchange *exchange);
    size_t (*held_bytes)(const struct http_exchange *exchange);
    // Refuses a body that is being collected, in the next turn, and frees it now. Returns false if there is none.
    bool (*refuse_body)(struct http_exchange *exchange);
};

extern const struct connection_entry_functions connection_entry_functions;

// Takes ownership of the stream.
void connection_open(struct connections *all, struct stream *stream, enum stream_kind kind, struct peer peer);
// Frees closed connections at once, for the end, when the loop no longer runs.
void connections_free_closed(struct connections *all);

// --- for the exchange; none of these calls a function of a request's handler ---

// Whether its owner has time left, see share_has_time().
bool connection_has_time(struct connection *connection);
struct share *connection_share(const struct connection *connection); // of its owner; it has not been closed
// Records how much memory the connection and its exchange hold. Closes connections, possibly this one, if that is too
// much.
void connection_count(struct connection *connection);
// May close the connection for want of memory.
void connection_write(struct connection *connection, const struct iovec *pieces, size_t count);
// Writes a head and a body of at most CONNECTION_BODY_PIECES_MAX pieces.
#define CONNECTION_BODY_PIECES_MAX 3
void connection_write_response(struct connection *connection, const struct response_head *head,
                               const struct iovec *body, size_t count);
// That of a client over TLS, or NULL; owned.
struct certificate *connection_certificate(const struct connection *connection);
// The number of bytes that the client has not read.
size_t connection_queued_bytes(const struct connection *connection);
// Sets what happens to the rest of the body. No effect after its end.
void connection_set_body(struct connection *connection, enum connection_body body);
void connection_begin_stream(struct connection *connection);
// Whether no more input can arrive from the client.
bool connection_is_abandoned(const struct connection *connection);
// Call when the exchange has ended; it is freed.
void connection_end_exchange(struct connection *connection);
// When the exchange has ended, passes the stream to a new owner, with the bytes after the request, and frees the
// connection. `on_upgraded` is called in the next turn, with NULL if the connection has been closed.
void connection_upgrade(struct connection *connection,
                        void (*on_upgraded)(struct stream *stream, const char *bytes, size_t length, void *data),
                        void *data);

// SPDX-License-Identifier: GPL-3.0-or-later
// A WebSocket session (RFC 6455) of a client, over the stream of an upgraded connection. Extensions and subprotocols
// are not negotiated. Page: docs/internals/http.md.
#pragma once

#include "base/error.h"
#include "http/http_exchange.h"
#include "loop/loop.h"
#include "net/stream.h"
#include "wire/websocket.h"

#include <stdbool.h>
#include <stddef.h>

struct websocket;

#define WEBSOCKET_TEXT_LIMIT_BYTES ((size_t)65536)
#define WEBSOCKET_PIECES_AT_ONCE ((size_t)64) // frames, or pieces of them, that are handled one after the other

enum websocket_end {
    WEBSOCKET_END_CLOSED,    // the client has sent a close frame, which is replied to
    WEBSOCKET_END_LOST,      // the connection has ended without one, or is broken
    WEBSOCKET_END_VIOLATION, // the client has sent invalid frames or too long a text; a close frame is sent
};

// Called from the loop, never from within a function of this header. Each may destroy or close the session. Members may
// be NULL.
struct websocket_handlers {
    // A piece of a binary message, borrowed for the call. Where messages begin and end is not reported.
    void (*on_binary)(struct websocket *websocket, const char *bytes, size_t length, void *data);
    // A whole text message of at most WEBSOCKET_TEXT_LIMIT_BYTES, borrowed for the call; not checked to be UTF-8. A
    // longer one is a violation (close code 1009).
    void (*on_text)(struct websocket *websocket, const char *text, size_t length, void *data);
    // Nothing is queued any more: it has been written, or the session is broken.
    void (*on_drained)(struct websocket *websocket, void *data);
    // Nothing more is received. Called once, unless the session is closed first.
    void (*on_ended)(struct websocket *websocket, enum websocket_end end, void *data);
    // After websocket_close(): the closing handshake is over. The owner must destroy the session. Called once.
    void (*on_closed)(struct websocket *websocket, void *data);
};

// Receives ownership of the session, which is not reading and has no handlers; NULL if the client has disconnected.
typedef void (*websocket_accepted_fn)(struct websocket *websocket, void *data);
// Responds 101 to the opening handshake. Ends the exchange; `on_accepted` is called once, in a later turn. If it fails,
// the caller must respond: ERROR_BAD_REQUEST if the request is not a handshake, ERROR_CANCELLED if the client has
// disconnected.
bool websocket_accept(struct http_exchange *exchange, struct loop *loop, websocket_accepted_fn on_accepted, void *data,
                      struct error *err) NODISCARD;
// A session whose opening handshake is complete. Takes ownership of the stream; `bytes` were received already.
struct websocket *websocket_create(struct loop *loop, struct stream *stream, const char *bytes, size_t length)
    __attribute__((returns_nonnull));
// Closes the connection at once. No handler is called. NULL is allowed.
void websocket_destroy(struct websocket *websocket);
void websocket_set_handlers(struct websocket *websocket, const struct websocket_handlers *handlers, void *data);

// While reading, pings are replied to and close frames are handled; otherwise they wait like everything else.
void websocket_read_start(struct websocket *websocket);
void websocket_read_stop(struct websocket *websocket);

// Sends one frame, TEXT or BINARY, which is a whole message. Writes as much as possible at once; copies and queues the
// rest. Dropped if the session is broken.
void websocket_send(struct websocket *websocket, enum websocket_opcode opcode, const void *bytes, size_t length);
size_t websocket_queued_bytes(const struct websocket *websocket); // 0 if it is broken
// Bytes are queued: send no more until on_drained.
bool websocket_is_full(const struct websocket *websocket);
// Nothing can be sent any more: the connection is broken, or a close frame has been sent.
bool websocket_is_broken(const struct websocket *websocket);
// Sends a close frame after what is queued, unless one has been sent, and waits for the client's, at most 5 seconds in
// all. Only on_closed is called afterwards.
void websocket_close(struct websocket *websocket, unsigned code);

// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: one HTTP request and its response, without I/O: bytes out, bytes in, events.
//
// A body that comes in pieces: when client_exchange_output() is empty and client_exchange_wants_piece(), the next piece
// is written to client_exchange_piece() and added with client_exchange_add_piece().
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "client/endpoint_internal.h"
#include "client/source_internal.h"
#include "pebble.h"
#include "wire/http_message.h"
#include "wire/websocket.h"

#include <stdbool.h>
#include <stddef.h>

struct client_request {
    const char *method;
    const char *target; // path and query, escaped
    const char *accept; // the header of this name, or NULL
    const char *body;   // JSON text, or NULL
    size_t body_length;
    const char *websocket_key; // asks to switch to WebSocket; NULL: does not
    // A body that is read while it is sent; NULL: none. Borrowed until the exchange has ended.
    struct client_source *source;
    const char *source_type; // Content-Type
};

// A body in pieces, of which one is kept.
struct client_body {
    bool is_open;    // more pieces are to be added
    bool is_chunked; // else the request has a Content-Length
    char *piece;     // NULL before the first one
    size_t start;    // of what is still to be sent
    size_t end;
};

struct client_exchange {
    char *shown;          // `Get "http://localhost/v1/plan"`, for messages
    struct buffer output; // the request, without a body that comes in pieces
    size_t sent;          // bytes of it
    struct client_body body;
    struct http_reader reader;
    const char *input; // borrowed: bytes that are not read yet
    size_t input_length;
    int interim_count; // responses before the final one
    int status;        // of the final one, 0 before it
    bool is_head;      // the request's method is HEAD
    bool is_keep_alive;
    char websocket_key[WEBSOCKET_KEY_SIZE]; // "" if no switch was asked for
};

enum client_exchange_event {
    CLIENT_EXCHANGE_NEED_INPUT, // everything was read; more bytes, or the end, are wanted
    CLIENT_EXCHANGE_HEAD,       // of the final response
    CLIENT_EXCHANGE_BODY,       // a piece of it: `data`, `length` point into the input
    CLIENT_EXCHANGE_END,        // the response is complete, or with status 101 its head: what is left of the input is
                                // of the other protocol
    CLIENT_EXCHANGE_FAILED,     // ERROR_INTERNAL: it is no response
};

// PEBBLE_ERROR_ARGUMENT if method or path cannot stand in a request.
bool client_exchange_init(struct client_exchange *exchange, const struct client_endpoint *endpoint,
                          const struct client_request *request, struct pebble_error *error) NODISCARD;
void client_exchange_finish(struct client_exchange *exchange); // fine for one that is all zero
// Back to the beginning, for another connection. Not after a piece of the body was added.
void client_exchange_restart(struct client_exchange *exchange);

const char *client_exchange_output(const struct client_exchange *exchange, size_t *length); // what is still to be sent
void client_exchange_note_sent(struct client_exchange *exchange, size_t length);

// Whether all output was sent, but not the whole body.
bool client_exchange_wants_piece(const struct client_exchange *exchange);
// Memory for the next piece.
char *client_exchange_piece(struct client_exchange *exchange, size_t *size);
// Adds what was written there to the output. 0 bytes: the body has ended.
void client_exchange_add_piece(struct client_exchange *exchange, size_t length);

// More bytes, borrowed until NEED_INPUT, which has to have been there.
void client_exchange_add_input(struct client_exchange *exchange, const char *bytes, size_t length);
// The peer sends no more: ERROR_CONNECTION ("EOF", "unexpected EOF") unless that ends the response.
bool client_exchange_end_input(struct client_exchange *exchange, struct error *err) NODISCARD;
enum client_exchange_event client_exchange_next(struct client_exchange *exchange, const char **data, size_t *length,
                                                struct error *err) NODISCARD;
// After CLIENT_EXCHANGE_END: whether the protocol is another one now.
bool client_exchange_has_switched(const struct client_exchange *exchange);
// After CLIENT_EXCHANGE_END: whether the connection can carry another exchange.
bool client_exchange_leaves_connection(const struct client_exchange *exchange);

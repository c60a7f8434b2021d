// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: a WebSocket to the daemon, step by step: the handshake, frames in both directions, pings, and
// close frames. What is sent is queued up to a limit.
//
//     CONNECTING ──▶ OPEN ──▶ OVER
//          └──────────────────▲
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "client/client_internal.h"
#include "client/connection_internal.h"
#include "client/fetch_internal.h"
#include "client/watch_internal.h"
#include "pebble.h"
#include "wire/websocket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_WEBSOCKET_INPUT_BYTES ((size_t)262144) // received with one call
#define CLIENT_WEBSOCKET_QUEUE_BYTES ((size_t)262144) // that are not sent yet
#define CLIENT_WEBSOCKET_TEXT_BYTES ((size_t)65536)   // of a text message
#define CLIENT_WEBSOCKET_RANDOM_BYTES ((size_t)64)

enum client_websocket_state {
    CLIENT_WEBSOCKET_CONNECTING,
    CLIENT_WEBSOCKET_OPEN,
    CLIENT_WEBSOCKET_OVER,
};

struct client_websocket {
    enum client_websocket_state state;
    struct client_fetch handshake; // CONNECTING
    struct client_connection connection;
    struct websocket_reader reader;
    char *input;
    const char *unread; // of the input
    size_t unread_length;
    struct buffer text;   // of a text message
    bool is_text_whole;   // it was returned as an event
    struct buffer output; // frames
    size_t sent;          // bytes of the output
    size_t turn_bytes;    // received since it waited last
    bool is_drained;      // the socket had less than was asked for: there is nothing more for now
    unsigned char random[CLIENT_WEBSOCKET_RANDOM_BYTES];
    size_t random_left; // bytes of it that are not used yet
    bool was_closed;    // by a close frame of the daemon, with the code 1000 or none
    const char *fault;  // why what the daemon has sent is refused; NULL: it is not
};

enum client_websocket_event {
    CLIENT_WEBSOCKET_WAITING, // for its descriptors, or for time
    CLIENT_WEBSOCKET_OPENED,
    CLIENT_WEBSOCKET_BINARY, // a piece of a binary message, borrowed until the next step
    CLIENT_WEBSOCKET_TEXT,   // a whole text message, borrowed until the next step
    CLIENT_WEBSOCKET_ENDED,  // was_closed, a fault, or the connection is lost
    CLIENT_WEBSOCKET_FAILED, // no handshake; the error is that of a request
};

// `deadline_ns`: for the handshake. PEBBLE_ERROR_ARGUMENT if the target cannot be part of a request.
bool client_websocket_init(struct client_websocket *websocket, struct pebble_client *client, const char *target,
                           int64_t deadline_ns, struct pebble_error *error) NODISCARD;
void client_websocket_finish(struct client_websocket *websocket); // in any state; fine for one that is all zero
// Goes on until the next event. WAITING comes after a bounded number of bytes, even if there are more.
enum client_websocket_event client_websocket_step(struct client_websocket *websocket, const char **data, size_t *length,
                                                  struct pebble_error *error) NODISCARD;
bool client_websocket_watch(struct client_websocket *websocket, struct client_wants *wants,
                            struct error *err) NODISCARD;

// How many bytes a frame may have now; 0 unless it is OPEN.
size_t client_websocket_room(const struct client_websocket *websocket);
// Sends one frame, TEXT or BINARY, or queues what the socket does not take. `length` is at most the room.
void client_websocket_send(struct client_websocket *websocket, enum websocket_opcode opcode, const char *bytes,
                           size_t length);
bool client_websocket_has_queue(const struct client_websocket *websocket); // whether frames wait to be sent
// Sends a close frame (1000) if the socket takes it at once, and ends.
void client_websocket_close(struct client_websocket *websocket);

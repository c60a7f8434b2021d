// SPDX-License-Identifier: LGPL-3.0-or-later
// WebSocket (RFC 6455): frames and the opening handshake, without I/O. Used by the server and by libpebble.
#pragma once

#include "base/compiler.h"
#include "wire/http_message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum websocket_opcode {
    WEBSOCKET_CONTINUATION = 0,
    WEBSOCKET_TEXT = 1,
    WEBSOCKET_BINARY = 2,
    WEBSOCKET_CLOSE = 8,
    WEBSOCKET_PING = 9,
    WEBSOCKET_PONG = 10,
};

// Status codes of close frames (section 7.4.1).
#define WEBSOCKET_CODE_NORMAL 1000U
#define WEBSOCKET_CODE_GOING_AWAY 1001U
#define WEBSOCKET_CODE_PROTOCOL_ERROR 1002U
#define WEBSOCKET_CODE_NONE 1005U // the frame has no code; never sent
#define WEBSOCKET_CODE_TOO_BIG 1009U

#define WEBSOCKET_CONTROL_MAX_BYTES ((size_t)125) // payload of a control frame
#define WEBSOCKET_HEAD_MAX_BYTES ((size_t)14)
#define WEBSOCKET_MASK_BYTES ((size_t)4)

// --- reading frames ---

enum websocket_event {
    WEBSOCKET_NEED_MORE, // all input was consumed; more is needed
    WEBSOCKET_DATA,      // a piece of a message
    WEBSOCKET_CONTROL,   // a whole control frame; it may come between two pieces of a message
    WEBSOCKET_FAILED,    // the frames are invalid; no more can be read
};

struct websocket_piece {
    enum websocket_opcode opcode; // of the message: TEXT or BINARY; of the control frame: CLOSE, PING or PONG
    const char *bytes;            // in the input, or in the reader; until the next websocket_reader_next()
    size_t length;                // may be 0
    bool is_end;                  // the last piece of its message
};

struct websocket_reader {
    bool is_server; // frames must be masked; those of a server must not be
    // private
    unsigned char head[WEBSOCKET_HEAD_MAX_BYTES];
    size_t head_length;
    bool is_in_payload;
    enum websocket_opcode opcode;         // of the frame
    enum websocket_opcode message_opcode; // CONTINUATION between messages
    bool is_final;
    uint64_t remaining; // of the payload
    unsigned char mask[WEBSOCKET_MASK_BYTES];
    size_t mask_offset;
    char *unmasked; // of the last piece
    char control[WEBSOCKET_CONTROL_MAX_BYTES];
    size_t control_length;
    const char *reason;
};
void websocket_reader_init(struct websocket_reader *reader, bool is_server);
void websocket_reader_finish(struct websocket_reader *reader);
// Consumes bytes from *input up to the next event; advances *input and reduces *length. Messages and frames have no
// limit of size: the caller limits what it collects. The text is not checked to be UTF-8.
enum websocket_event websocket_reader_next(struct websocket_reader *reader, const char **input, size_t *length,
                                           struct websocket_piece *piece);
// After WEBSOCKET_FAILED: a description such as "reserved bits are set". The close code is 1002.
const char *websocket_reader_reason(const struct websocket_reader *reader);
// The code of a close frame that websocket_reader_next() has returned.
unsigned websocket_close_code(const struct websocket_piece *piece);

// --- writing frames ---

// Writes the head of a frame to `head`; returns its size. `mask`: of a client; NULL: none.
size_t websocket_write_head(char head[WEBSOCKET_HEAD_MAX_BYTES], enum websocket_opcode opcode, bool is_final,
                            uint64_t length, const unsigned char *mask);
// Masks or unmasks. `offset`: of the first byte within the payload of the frame. `from` may be `to`.
void websocket_mask(char *to, const char *from, size_t length, const unsigned char mask[WEBSOCKET_MASK_BYTES],
                    size_t offset);

// --- the opening handshake ---

#define WEBSOCKET_KEY_SIZE ((size_t)25)    // with the terminator
#define WEBSOCKET_ACCEPT_SIZE ((size_t)29) // with the terminator

// The value of Sec-WebSocket-Key for 16 random bytes.
void websocket_make_key(const unsigned char random[16], char key[WEBSOCKET_KEY_SIZE]);
// The value of Sec-WebSocket-Accept for the value of Sec-WebSocket-Key.
void websocket_make_accept(const char *key, char accept[WEBSOCKET_ACCEPT_SIZE]);
// Whether the request is a handshake (section 4.2.1). If not, *reason describes what is wrong, in the
// words of the reference.
bool websocket_check_request(const struct http_head *head, const char **reason) NODISCARD;
// Whether the response with status 101 completes the handshake (section 4.1). No extension and no subprotocol are
// accepted.
bool websocket_check_response(const struct http_head *head, const char *key, const char **reason) NODISCARD;

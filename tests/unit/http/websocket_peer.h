// SPDX-License-Identifier: GPL-3.0-or-later
// The client's side of a WebSocket session, as a plain descriptor: sends any frames, and notes what it receives as
// text.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "wire/websocket.h"

static const unsigned char peer_mask[] = {0x37, 0xfa, 0x21, 0x3d};

struct websocket_peer {
    int fd;
    struct websocket_reader reader;
    struct buffer data;   // of binary messages
    struct buffer events; // other frames, a line for each: "text end", "close 1000", "pong x"
    bool has_ended;       // the connection
};

static UNUSED struct websocket_peer peer_open(int fd) {
    struct websocket_peer peer = {
        .fd = fd, .data = BUFFER_INIT(BUFFER_NO_LIMIT), .events = BUFFER_INIT(BUFFER_NO_LIMIT)};
    websocket_reader_init(&peer.reader, false);
    return peer;
}

static UNUSED void peer_close(struct websocket_peer *peer) {
    if (peer->fd >= 0)
        (void)close(peer->fd);
    peer->fd = -1;
    websocket_reader_finish(&peer->reader);
    buffer_finish(&peer->data);
    buffer_finish(&peer->events);
}

// Adds a frame, masked unless the mask is NULL.
static UNUSED void add_frame(struct buffer *out, unsigned opcode, bool is_final, const void *bytes, size_t length,
                             const unsigned char *mask) {
    char head[WEBSOCKET_HEAD_MAX_BYTES];
    buffer_add(out, head, websocket_write_head(head, (enum websocket_opcode)opcode, is_final, length, mask));
    AUTO_FREE char *payload = memory_new(length + 1);
    if (mask != NULL)
        websocket_mask(payload, bytes, length, mask, 0);
    else
        memcpy(payload, bytes, length);
    buffer_add(out, payload, length);
}

// Sends all bytes; the socket has room for them.
static UNUSED void peer_send_bytes(const struct websocket_peer *peer, const struct buffer *bytes) {
    assert_int_equal(send(peer->fd, bytes->data, bytes->length, MSG_NOSIGNAL), bytes->length);
}

static UNUSED void peer_send_frame(const struct websocket_peer *peer, unsigned opcode, bool is_final,
                                   const char *text) {
    AUTO_BUFFER struct buffer frame = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_frame(&frame, opcode, is_final, text, strlen(text), peer_mask);
    peer_send_bytes(peer, &frame);
}

static UNUSED void peer_send(const struct websocket_peer *peer, enum websocket_opcode opcode, const char *text) {
    peer_send_frame(peer, (unsigned)opcode, true, text);
}

static UNUSED void peer_send_close(const struct websocket_peer *peer, unsigned code) {
    const char payload[] = {(char)(code >> 8), (char)(code & 0xff)};
    AUTO_BUFFER struct buffer frame = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_frame(&frame, WEBSOCKET_CLOSE, true, payload, sizeof payload, peer_mask);
    peer_send_bytes(peer, &frame);
}

static inline void peer_note(struct websocket_peer *peer, const struct websocket_piece *piece) {
    static const char *const names[] = {
        [WEBSOCKET_TEXT] = "text", [WEBSOCKET_PING] = "ping", [WEBSOCKET_PONG] = "pong"};
    if (piece->opcode == WEBSOCKET_BINARY) {
        buffer_add(&peer->data, piece->bytes, piece->length);
    } else if (piece->opcode == WEBSOCKET_CLOSE) {
        buffer_printf(&peer->events, "close %u\n", websocket_close_code(piece));
    } else {
        if (peer->events.length == 0 || buffer_text(&peer->events)[peer->events.length - 1] == '\n')
            buffer_printf(&peer->events, "%s ", names[piece->opcode]);
        buffer_add(&peer->events, piece->bytes, piece->length);
        if (piece->is_end)
            buffer_add_char(&peer->events, '\n');
    }
}

// Takes what has come, one read at most; false if that is nothing.
static UNUSED bool peer_take(struct websocket_peer *peer) {
    char bytes[65536];
    ssize_t got = recv(peer->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got <= 0) {
        peer->has_ended = peer->has_ended || got == 0 || errno != EAGAIN;
        return false;
    }
    const char *input = bytes;
    size_t length = (size_t)got;
    struct websocket_piece piece;
    enum websocket_event event;
    while ((event = websocket_reader_next(&peer->reader, &input, &length, &piece)) != WEBSOCKET_NEED_MORE) {
        if (event == WEBSOCKET_FAILED)
            fail_msg("invalid frames: %s", websocket_reader_reason(&peer->reader));
        peer_note(peer, &piece);
    }
    return true;
}

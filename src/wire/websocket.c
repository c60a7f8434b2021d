// SPDX-License-Identifier: LGPL-3.0-or-later
#include "wire/websocket.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define UNMASKED_BYTES ((size_t)16384) // the longest piece of a masked frame

#define BIT_FINAL 0x80U
#define BITS_RESERVED 0x70U
#define BITS_OPCODE 0x0fU
#define BIT_MASKED 0x80U
#define BITS_LENGTH 0x7fU
#define LENGTH_16_BITS 126U
#define LENGTH_64_BITS 127U

void websocket_reader_init(struct websocket_reader *reader, bool is_server) {
    *reader = (struct websocket_reader){.is_server = is_server};
}

void websocket_reader_finish(struct websocket_reader *reader) {
    free(reader->unmasked);
    reader->unmasked = NULL;
}

const char *websocket_reader_reason(const struct websocket_reader *reader) {
    return reader->reason;
}

static bool fail(struct websocket_reader *reader, const char *reason) {
    reader->reason = reason;
    return false;
}

static bool is_control(enum websocket_opcode opcode) {
    return opcode >= WEBSOCKET_CLOSE;
}

// --- the head of a frame ---

// The size of the whole head, according to its first two bytes.
static size_t head_size(const struct websocket_reader *reader) {
    unsigned length = reader->head[1] & BITS_LENGTH;
    size_t length_bytes = length == LENGTH_64_BITS ? 8 : length == LENGTH_16_BITS ? 2 : 0;
    return 2 + length_bytes + (reader->is_server ? WEBSOCKET_MASK_BYTES : 0);
}

// Whether an opcode may stand here.
static bool check_opcode(struct websocket_reader *reader) {
    bool is_in_message = reader->message_opcode != WEBSOCKET_CONTINUATION;
    switch (reader->opcode) {
    case WEBSOCKET_CONTINUATION:
        return is_in_message || fail(reader, "continuation without a message");
    case WEBSOCKET_TEXT:
    case WEBSOCKET_BINARY:
        return !is_in_message || fail(reader, "new message within a message");
    case WEBSOCKET_CLOSE:
    case WEBSOCKET_PING:
    case WEBSOCKET_PONG:
        if (!reader->is_final)
            return fail(reader, "fragmented control frame");
        return (reader->head[1] & BITS_LENGTH) <= WEBSOCKET_CONTROL_MAX_BYTES ||
               fail(reader, "control frame is too long");
    }
    return fail(reader, "unknown opcode");
}

static bool read_first_bytes(struct websocket_reader *reader) {
    reader->is_final = (reader->head[0] & BIT_FINAL) != 0;
    reader->opcode = reader->head[0] & BITS_OPCODE;
    bool is_masked = (reader->head[1] & BIT_MASKED) != 0;
    if ((reader->head[0] & BITS_RESERVED) != 0)
        return fail(reader, "reserved bits are set");
    if (is_masked != reader->is_server)
        return fail(reader, is_masked ? "masked frame of a server" : "unmasked frame of a client");
    return check_opcode(reader);
}

static bool read_length(struct websocket_reader *reader) {
    uint64_t length = reader->head[1] & BITS_LENGTH;
    size_t length_bytes = length == LENGTH_64_BITS ? 8 : length == LENGTH_16_BITS ? 2 : 0;
    if (length_bytes > 0) {
        uint64_t least = length == LENGTH_64_BITS ? 0x10000 : LENGTH_16_BITS;
        length = 0;
        for (size_t i = 0; i < length_bytes; i++)
            length = length << 8 | reader->head[2 + i];
        if (length < least)
            return fail(reader, "length is not in its shortest form");
        if (length > INT64_MAX)
            return fail(reader, "length is too large");
    }
    reader->remaining = length;
    return true;
}

static bool begin_payload(struct websocket_reader *reader) {
    if (!read_length(reader))
        return false;
    if (reader->is_server)
        memcpy(reader->mask, reader->head + reader->head_length - WEBSOCKET_MASK_BYTES, WEBSOCKET_MASK_BYTES);
    reader->mask_offset = 0;
    reader->control_length = 0;
    reader->head_length = 0;
    reader->is_in_payload = true;
    if (reader->opcode == WEBSOCKET_TEXT || reader->opcode == WEBSOCKET_BINARY)
        reader->message_opcode = reader->opcode;
    return true;
}

// Returns true at the beginning of the payload. Otherwise all input was consumed, or the reader has failed.
static bool read_head(struct websocket_reader *reader, const char **input, size_t *length) {
    while (*length > 0) {
        reader->head[reader->head_length++] = (unsigned char)*(*input)++;
        --*length;
        if (reader->head_length == 2 && !read_first_bytes(reader))
            return false;
        if (reader->head_length >= 2 && reader->head_length == head_size(reader))
            return begin_payload(reader);
    }
    return false;
}

// --- the payload ---

static size_t take(struct websocket_reader *reader, const char **input, size_t *length, char *to, size_t most) {
    size_t count = *length < most ? *length : most;
    if (count > reader->remaining)
        count = (size_t)reader->remaining;
    if (to != NULL && reader->is_server)
        websocket_mask(to, *input, count, reader->mask, reader->mask_offset);
    else if (to != NULL)
        memcpy(to, *input, count);
    *input += count;
    *length -= count;
    reader->remaining -= count;
    reader->mask_offset = (reader->mask_offset + count) % WEBSOCKET_MASK_BYTES;
    return count;
}

// Section 7.4: a code that may be sent, and a reason in UTF-8.
static bool check_close(struct websocket_reader *reader) {
    if (reader->control_length == 0)
        return true;
    const struct websocket_piece piece = {.bytes = reader->control, .length = reader->control_length};
    unsigned code = websocket_close_code(&piece);
    bool is_defined = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
    if (reader->control_length == 1 || (!is_defined && (code < 3000 || code > 4999)))
        return fail(reader, "invalid close code");
    return utf8_is_valid(reader->control + 2, reader->control_length - 2) || fail(reader, "close reason is not UTF-8");
}

static enum websocket_event read_control(struct websocket_reader *reader, const char **input, size_t *length,
                                         struct websocket_piece *piece) {
    reader->control_length +=
        take(reader, input, length, reader->control + reader->control_length, WEBSOCKET_CONTROL_MAX_BYTES);
    if (reader->remaining > 0)
        return WEBSOCKET_NEED_MORE;
    reader->is_in_payload = false;
    if (reader->opcode == WEBSOCKET_CLOSE && !check_close(reader))
        return WEBSOCKET_FAILED;
    *piece = (struct websocket_piece){reader->opcode, reader->control, reader->control_length, true};
    return WEBSOCKET_CONTROL;
}

static enum websocket_event read_data(struct websocket_reader *reader, const char **input, size_t *length,
                                      struct websocket_piece *piece) {
    if (reader->remaining > 0 && *length == 0)
        return WEBSOCKET_NEED_MORE;
    piece->opcode = reader->message_opcode;
    piece->bytes = *input;
    if (reader->is_server) {
        if (reader->unmasked == NULL)
            reader->unmasked = memory_new(UNMASKED_BYTES);
        piece->bytes = reader->unmasked;
        piece->length = take(reader, input, length, reader->unmasked, UNMASKED_BYTES);
    } else {
        piece->length = take(reader, input, length, NULL, SIZE_MAX);
    }
    piece->is_end = reader->remaining == 0 && reader->is_final;
    reader->is_in_payload = reader->remaining > 0;
    if (piece->is_end)
        reader->message_opcode = WEBSOCKET_CONTINUATION;
    return WEBSOCKET_DATA;
}

enum websocket_event websocket_reader_next(struct websocket_reader *reader, const char **input, size_t *length,
                                           struct websocket_piece *piece) {
    if (reader->reason != NULL)
        return WEBSOCKET_FAILED;
    if (!reader->is_in_payload && !read_head(reader, input, length))
        return reader->reason != NULL ? WEBSOCKET_FAILED : WEBSOCKET_NEED_MORE;
    return is_control(reader->opcode) ? read_control(reader, input, length, piece)
                                      : read_data(reader, input, length, piece);
}

unsigned websocket_close_code(const struct websocket_piece *piece) {
    if (piece->length < 2)
        return WEBSOCKET_CODE_NONE;
    const unsigned char *bytes = (const unsigned char *)piece->bytes;
    return (unsigned)bytes[0] << 8 | bytes[1];
}

// --- writing ---

size_t websocket_write_head(char head[WEBSOCKET_HEAD_MAX_BYTES], enum websocket_opcode opcode, bool is_final,
                            uint64_t length, const unsigned char *mask) {
    size_t length_bytes = length > UINT16_MAX ? 8 : length >= LENGTH_16_BITS ? 2 : 0;
    unsigned short_length = length_bytes == 8 ? LENGTH_64_BITS : length_bytes == 2 ? LENGTH_16_BITS : (unsigned)length;
    size_t size = 0;
    head[size++] = (char)((unsigned)opcode | (is_final ? BIT_FINAL : 0));
    head[size++] = (char)(short_length | (mask != NULL ? BIT_MASKED : 0));
    for (size_t i = length_bytes; i > 0; i--)
        head[size++] = (char)(length >> 8 * (i - 1) & 0xff);
    if (mask == NULL)
        return size;
    memcpy(head + size, mask, WEBSOCKET_MASK_BYTES);
    return size + WEBSOCKET_MASK_BYTES;
}

void websocket_mask(char *to, const char *from, size_t length, const unsigned char mask[WEBSOCKET_MASK_BYTES],
                    size_t offset) {
    unsigned char turned[sizeof(uint64_t)]; // the mask from `offset` on
    for (size_t i = 0; i < sizeof turned; i++)
        turned[i] = mask[(offset + i) % WEBSOCKET_MASK_BYTES];
    uint64_t wide;
    memcpy(&wide, turned, sizeof wide);
    size_t i = 0;
    for (; length - i >= sizeof wide; i += sizeof wide) {
        uint64_t word;
        memcpy(&word, from + i, sizeof word);
        word ^= wide;
        memcpy(to + i, &word, sizeof word);
    }
    for (; i < length; i++)
        to[i] = (char)((unsigned char)from[i] ^ turned[i % sizeof wide]);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "hostile_fault.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "client/websocket_internal.h"
#include "pebble.h"
#include "wire/http_message.h"
#include "wire/multipart.h"
#include "wire/websocket.h"

#define CONNECTION HOSTILE_ENDS(PEBBLE_ERROR_CONNECTION)
#define PROTOCOL HOSTILE_ENDS(PEBBLE_ERROR_PROTOCOL)
#define TIMEOUT HOSTILE_ENDS(PEBBLE_ERROR_TIMEOUT)
#define LOG_LINE_LIMIT_BYTES ((size_t)16777216)
#define BODY_POSITIONS 5
#define BLOCK_COUNT ((size_t)1000)

// --- connections that are closed ---

// Positions around the ends of head and body, and some between.
static size_t position_at(size_t head, size_t length, unsigned number) {
    const size_t in_head[] = {0, 1, head / 2, head - 1};
    if (number < ARRAY_COUNT(in_head))
        return in_head[number];
    return head + (length - head) * (number - ARRAY_COUNT(in_head)) / BODY_POSITIONS;
}

// The last one is the last byte.
static size_t cut_response(const struct hostile_response *response, enum hostile_framing framing, unsigned number,
                           struct hostile_spoiled *spoiled) {
    AUTO_BUFFER struct buffer head = BUFFER_INIT(BUFFER_NO_LIMIT);
    hostile_add_head(&head, response, framing);
    hostile_add_response(&spoiled->bytes, response, framing);
    size_t position = position_at(head.length, spoiled->bytes.length, number);
    if (position >= spoiled->bytes.length)
        position = spoiled->bytes.length - 1;
    buffer_truncate(&spoiled->bytes, position);
    (void)snprintf(spoiled->what, sizeof spoiled->what, "after %zu bytes, of which the head has %zu", position,
                   head.length);
    return position >= head.length ? position - head.length : SIZE_MAX; // of the body
}

static unsigned count_cuts(const struct hostile_response *response UNUSED) {
    return 4 + BODY_POSITIONS + 1;
}

static unsigned count_chunk_cuts(const struct hostile_response *response) {
    return response->route->form == HOSTILE_FRAMES ? 0 : count_cuts(response);
}

static void close_early(const struct hostile_response *response, enum hostile_framing framing, unsigned number,
                        struct hostile_spoiled *spoiled) {
    bool is_in_head = cut_response(response, framing, number, spoiled) == SIZE_MAX;
    spoiled->after = HOSTILE_CLOSES;
    spoiled->ends = response->route->is_unneeded && !is_in_head ? HOSTILE_SUCCEEDS : CONNECTION;
}

static void spoil_length(const struct hostile_response *response, unsigned number, unsigned call_flags UNUSED,
                         struct hostile_spoiled *spoiled) {
    close_early(response, HOSTILE_LENGTH, number, spoiled);
}

static void spoil_chunks(const struct hostile_response *response, unsigned number, unsigned call_flags UNUSED,
                         struct hostile_spoiled *spoiled) {
    close_early(response, HOSTILE_CHUNKED, number, spoiled);
}

// The end of the connection is the end of the body.
static unsigned count_open_bodies(const struct hostile_response *response) {
    return response->route->form == HOSTILE_FRAMES ? 0 : 1;
}

static void spoil_open_body(const struct hostile_response *response, unsigned number UNUSED, unsigned call_flags UNUSED,
                            struct hostile_spoiled *spoiled) {
    bool is_text = response->route->form == HOSTILE_TEXT;
    hostile_add_head(&spoiled->bytes, response, HOSTILE_UNTIL_CLOSE);
    buffer_add(&spoiled->bytes, response->body.data, response->body.length / 2);
    spoiled->after = HOSTILE_CLOSES;
    spoiled->ends = is_text ? HOSTILE_SUCCEEDS : PROTOCOL;
}

// --- a daemon that is slow ---

static const unsigned wait_positions[] = {0, 2, 6}; // two in the head

static unsigned count_waits(const struct hostile_response *response) {
    return response->route->form == HOSTILE_FRAMES ? 2 : ARRAY_COUNT(wait_positions); // a command has no limit
}

static void spoil_silently(const struct hostile_response *response, unsigned number, unsigned call_flags UNUSED,
                           struct hostile_spoiled *spoiled) {
    (void)cut_response(response, HOSTILE_LENGTH, wait_positions[number], spoiled);
    spoiled->after = HOSTILE_HOLDS;
    spoiled->ends = TIMEOUT;
}

static unsigned count_trickles(const struct hostile_response *response) {
    return response->route->form == HOSTILE_FRAMES ? 0 : 1;
}

static void spoil_slowly(const struct hostile_response *response, unsigned number UNUSED, unsigned call_flags UNUSED,
                         struct hostile_spoiled *spoiled) {
    hostile_add_response(&spoiled->bytes, response, HOSTILE_CHUNKED);
    spoiled->after = HOSTILE_TRICKLES;
    spoiled->ends = TIMEOUT;
}

// --- sync and async ---

static unsigned count_swaps(const struct hostile_response *response) {
    return response->route->form == HOSTILE_JSON && !response->route->is_any ? 1 : 0;
}

static void spoil_envelope(const struct hostile_response *response, unsigned number UNUSED, unsigned call_flags UNUSED,
                           struct hostile_spoiled *spoiled) {
    struct hostile_route swapped = *response->route;
    struct hostile_response other;
    swapped.is_async = !swapped.is_async;
    hostile_response_make(&other, &swapped, "");
    hostile_add_response(&spoiled->bytes, &other, HOSTILE_LENGTH);
    hostile_response_finish(&other);
    spoiled->ends = PROTOCOL;
}

// --- limits ---

// In blocks, as there are millions of some.
void hostile_add_repeated(struct buffer *out, const char *text, size_t count) {
    AUTO_BUFFER struct buffer block = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < BLOCK_COUNT && i < count; i++)
        buffer_add_string(&block, text);
    for (; count >= BLOCK_COUNT; count -= BLOCK_COUNT)
        buffer_add(out, block.data, block.length);
    if (count > 0)
        buffer_add(out, block.data, strlen(text) * count);
}

static void add_long_head(const struct hostile_response *response, struct buffer *out) {
    buffer_add(out, response->head.data, response->head.length);
    buffer_add_string(out, "X: ");
    hostile_add_repeated(out, "0123456789abcdef", HTTP_HEAD_LIMIT_BYTES / 16 + 1);
}

static void add_many_headers(const struct hostile_response *response, struct buffer *out) {
    buffer_add(out, response->head.data, response->head.length);
    hostile_add_repeated(out, "X: y\r\n", HTTP_HEADERS_MAX + 1);
    buffer_add_string(out, "\r\n");
}

static void add_long_chunk_line(const struct hostile_response *response, struct buffer *out) {
    hostile_add_head(out, response, HOSTILE_CHUNKED);
    buffer_add_string(out, "1;x=");
    hostile_add_repeated(out, "y", HTTP_CHUNK_LINE_LIMIT_BYTES + 1);
}

static void add_long_trailer(const struct hostile_response *response, struct buffer *out) {
    hostile_add_response(out, response, HOSTILE_CHUNKED);
    buffer_truncate(out, out->length - 2);
    hostile_add_repeated(out, "X: 0123456789ab\r\n", HTTP_TRAILER_LIMIT_BYTES / 16 + 1);
}

static void add_long_line(const struct hostile_response *response, struct buffer *out) {
    hostile_add_head(out, response, HOSTILE_UNTIL_CLOSE);
    hostile_add_repeated(out, "0123456789abcdef", LOG_LINE_LIMIT_BYTES / 16 + 1);
}

static void add_long_part_head(const struct hostile_response *response, struct buffer *out) {
    hostile_add_head(out, response, HOSTILE_UNTIL_CLOSE);
    buffer_add_string(out, "--b\r\nX: ");
    hostile_add_repeated(out, "0123456789abcdef", MULTIPART_HEAD_LIMIT_BYTES / 16 + 1);
}

static void add_frame(const struct hostile_response *response, struct buffer *out, const char *bytes, size_t length) {
    hostile_add_head(out, response, HOSTILE_LENGTH);
    buffer_add(out, bytes, length);
}

static void add_reserved_bits(const struct hostile_response *response, struct buffer *out) {
    add_frame(response, out, "\xf2\x01x", 3);
}

static void add_masked_frame(const struct hostile_response *response, struct buffer *out) {
    add_frame(response, out, "\x82\x81maskx", 7);
}

static void add_long_control_frame(const struct hostile_response *response, struct buffer *out) {
    add_frame(response, out, "\x89\x7e\x00\x7e", 4);
}

static void add_endless_frame(const struct hostile_response *response, struct buffer *out) {
    add_frame(response, out, "\x82\x7f\x80\0\0\0\0\0\0\0", 10);
}

static void add_long_text(const struct hostile_response *response, struct buffer *out) {
    char head[WEBSOCKET_HEAD_MAX_BYTES];
    size_t length = CLIENT_WEBSOCKET_TEXT_BYTES + 1;
    add_frame(response, out, head, websocket_write_head(head, WEBSOCKET_TEXT, true, length, NULL));
    hostile_add_repeated(out, "x", length);
}

struct limit {
    const char *name;
    unsigned forms; // which have it, a bit each
    void (*add)(const struct hostile_response *response, struct buffer *out);
};
#define BIT(form) (1U << (form))
#define ALL_FORMS (BIT(HOSTILE_FORM_COUNT) - 1)
#define FRAMES BIT(HOSTILE_FRAMES)
static const struct limit limits[] = {
    {"long head", ALL_FORMS, add_long_head},
    {"many headers", ALL_FORMS, add_many_headers},
    {"long chunk line", ALL_FORMS & ~FRAMES, add_long_chunk_line},
    {"long trailer", ALL_FORMS & ~FRAMES, add_long_trailer},
    {"long line", BIT(HOSTILE_LINES), add_long_line},
    {"long head of a part", BIT(HOSTILE_PARTS), add_long_part_head},
    {"reserved bits", FRAMES, add_reserved_bits},
    {"masked frame", FRAMES, add_masked_frame},
    {"long control frame", FRAMES, add_long_control_frame},
    {"endless frame", FRAMES, add_endless_frame},
    {"long text message", FRAMES, add_long_text},
};
#define FIRST_FRAME_LIMIT 6

static unsigned count_limits(const struct hostile_response *response) {
    unsigned count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++)
        count += (limits[i].forms & BIT(response->route->form)) != 0;
    return count;
}

static void spoil_limits(const struct hostile_response *response, unsigned number, unsigned call_flags UNUSED,
                         struct hostile_spoiled *spoiled) {
    size_t i = 0;
    while ((limits[i].forms & BIT(response->route->form)) == 0 || number-- > 0)
        i++;
    limits[i].add(response, &spoiled->bytes);
    (void)snprintf(spoiled->what, sizeof spoiled->what, "%s", limits[i].name);
    spoiled->after = HOSTILE_CLOSES;
    spoiled->ends = i >= FIRST_FRAME_LIMIT && response->route->is_unneeded ? HOSTILE_SUCCEEDS : PROTOCOL;
}

// --- the table ---

const struct hostile_fault hostile_faults[] = {
    {"closed", false, count_cuts, spoil_length},
    {"closed between chunks", false, count_chunk_cuts, spoil_chunks},
    {"closed for an end", false, count_open_bodies, spoil_open_body},
    {"silent", true, count_waits, spoil_silently},
    {"slow", true, count_trickles, spoil_slowly},
    {"beyond a limit", false, count_limits, spoil_limits},
    {"sync for async", false, count_swaps, spoil_envelope},
    {"other response", false, hostile_count_fixed, hostile_spoil_fixed},
    {"other type", false, hostile_count_types, hostile_spoil_types},
};
const unsigned hostile_fault_count = ARRAY_COUNT(hostile_faults);

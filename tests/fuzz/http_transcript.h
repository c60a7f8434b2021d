// SPDX-License-Identifier: GPL-3.0-or-later
// The events of the HTTP reader as text. The same bytes must give the same events, however they are split.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "wire/http_message.h"

// Sizes of pieces: a fixed one, or 1 to 64 at random where `seed` is not 0.
struct http_cut {
    size_t size;
    uint32_t seed;
};

static inline size_t http_cut_next(struct http_cut *cut, size_t left) {
    size_t size = cut->size;
    if (cut->seed != 0) {
        cut->seed ^= cut->seed << 13;
        cut->seed ^= cut->seed >> 17;
        cut->seed ^= cut->seed << 5;
        size = 1 + (cut->seed & 63) % (1 + (cut->seed >> 8 & 63));
    }
    return size < left ? size : left;
}

static inline void http_transcript_head(struct buffer *out, const struct http_head *head) {
    if (head->method != NULL)
        buffer_printf(out, "%s %s", head->method, head->target);
    else
        buffer_printf(out, "%d %s", head->status, head->reason);
    buffer_printf(out, " 1.%d%s%s%s", head->minor_version, head->is_keep_alive ? " keep" : "",
                  head->has_expect_continue ? " expect" : "", head->wants_upgrade ? " upgrade" : "");
    if (head->is_chunked)
        buffer_add_string(out, " chunked");
    if (head->has_length)
        buffer_printf(out, " length=%llu", (unsigned long long)head->length);
    buffer_add_string(out, head->has_body ? " body\n" : "\n");
    for (size_t i = 0; i < head->header_count; i++)
        buffer_printf(out, "%s=%s\n", head->headers[i].name, head->headers[i].value);
}

// One event into the transcript; false at the end of what can be read.
static inline bool http_transcript_event(struct http_reader *reader, enum http_event event, struct buffer *out) {
    switch (event) {
    case HTTP_HEAD:
        http_transcript_head(out, http_reader_head(reader));
        return true;
    case HTTP_END:
        buffer_add_string(out, "\nEND\n");
        return true;
    case HTTP_FAILED:
        buffer_printf(out, "\nFAILED %d %s\n", http_reader_status(reader), http_reader_reason(reader));
        return false;
    default:
        return event == HTTP_BODY;
    }
}

// One piece in memory of its own, so that reading beyond it is noticed. False once the reader failed.
static inline bool http_transcript_piece(struct http_reader *reader, const char *bytes, size_t length,
                                         struct buffer *out) {
    AUTO_FREE char *piece = memory_copy(bytes, length);
    const char *at = piece;
    size_t left = length;
    enum http_event event;
    do {
        const char *data;
        size_t data_length;
        event = http_reader_next(reader, &at, &left, &data, &data_length);
        if (at + left != piece + length)
            abort();
        if (event == HTTP_BODY) {
            if (data_length == 0 || data < piece || data + data_length != at)
                abort();
            buffer_add(out, data, data_length);
        }
    } while (http_transcript_event(reader, event, out));
    if (event == HTTP_NEED_MORE && left != 0)
        abort();
    return event != HTTP_FAILED;
}

static inline void http_transcript(enum http_reader_kind kind, const char *bytes, size_t length, struct http_cut cut,
                                   struct buffer *out) {
    struct http_reader reader;
    http_reader_init(&reader, kind);
    bool goes_on = true;
    while (goes_on && length > 0) {
        size_t size = http_cut_next(&cut, length);
        goes_on = http_transcript_piece(&reader, bytes, size, out);
        bytes += size;
        length -= size;
    }
    if (goes_on) {
        buffer_add_string(out, http_reader_is_idle(&reader) ? "\nidle" : "\nbusy");
        buffer_add_string(out, http_reader_end(&reader) ? ", ends well\n" : ", cut off\n");
        http_transcript_piece(&reader, "", 0, out);
    }
    http_reader_finish(&reader);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Encoders whose text is easy to compare: "SERVICE:MESSAGE|" for each line, and groups in brackets.
#pragma once

#include "forward/encoder_internal.h"

static inline void plain_line(struct buffer *out, const struct log_stream *stream, const struct ring_entry *entry) {
    buffer_printf(out, "%s:%.*s|", stream->service, (int)entry->length, entry->message);
}

static inline void plain_begin_stream(struct buffer *out, const struct log_stream *stream) {
    buffer_printf(out, "(%s", stream->service);
    for (size_t i = 0; i < stream->names->count; i++)
        buffer_printf(out, ",%s=%s", stream->names->items[i], stream->values->items[i]);
    buffer_add_char(out, ' ');
}

static inline void plain_end_stream(struct buffer *out) {
    buffer_add_char(out, ')');
}

static inline void plain_begin(struct buffer *out) {
    buffer_add_char(out, '[');
}

static inline void plain_end(struct buffer *out) {
    buffer_add_char(out, ']');
}

static const struct encoder plain_encoder = {.add_line = plain_line};
static const struct encoder grouping_encoder = {
    .is_grouped = true,
    .begin = plain_begin,
    .begin_stream = plain_begin_stream,
    .add_line = plain_line,
    .end_stream = plain_end_stream,
    .end = plain_end,
};

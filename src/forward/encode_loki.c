// SPDX-License-Identifier: GPL-3.0-or-later
// Declared in forward/encoder_internal.h.
#include <string.h>

#include "data/json.h"
#include "forward/encoder_internal.h"

static void begin(struct buffer *out) {
    buffer_add_string(out, "{\"streams\":[");
}

static void add_label(struct buffer *out, const char *name, const char *value) {
    encoder_separate(out);
    json_add_string(out, name, strlen(name), false);
    buffer_add_char(out, ':');
    json_add_string(out, value, strlen(value), false);
}

static void begin_stream(struct buffer *out, const struct log_stream *stream) {
    encoder_separate(out);
    buffer_add_string(out, "{\"stream\":{");
    for (size_t i = 0; i < stream->names->count; i++)
        add_label(out, stream->names->items[i], stream->values->items[i]);
    add_label(out, "pebble_service", stream->service);
    buffer_add_string(out, "},\"values\":[");
}

static void add_line(struct buffer *out, const struct log_stream *stream UNUSED, const struct ring_entry *entry) {
    encoder_separate(out);
    buffer_add_string(out, "[\"");
    encoder_add_time(out, entry->wall_ns);
    buffer_add_string(out, "\",");
    json_add_string(out, entry->message, entry->length, false);
    buffer_add_char(out, ']');
}

static void end(struct buffer *out) {
    buffer_add_string(out, "]}");
}

const struct encoder loki_encoder = {
    .content_type = "application/json; charset=utf-8",
    .is_grouped = true,
    .begin = begin,
    .begin_stream = begin_stream,
    .add_line = add_line,
    .end_stream = end,
    .end = end,
};

// SPDX-License-Identifier: GPL-3.0-or-later
// Declared in forward/encoder_internal.h.
#include <string.h>

#include "data/json.h"
#include "forward/encoder_internal.h"

static void begin(struct buffer *out) {
    buffer_add_string(out, "{\"resourceLogs\":[");
}

static void add_attribute(struct buffer *out, const char *name, const char *value) {
    encoder_separate(out);
    buffer_add_string(out, "{\"key\":");
    json_add_string(out, name, strlen(name), false);
    buffer_add_string(out, ",\"value\":{\"stringValue\":");
    json_add_string(out, value, strlen(value), false);
    buffer_add_string(out, "}}");
}

static void begin_stream(struct buffer *out, const struct log_stream *stream) {
    encoder_separate(out);
    buffer_add_string(out, "{\"resource\":{\"attributes\":[");
    add_attribute(out, "service.name", stream->service);
    for (size_t i = 0; i < stream->names->count; i++)
        add_attribute(out, stream->names->items[i], stream->values->items[i]);
    buffer_add_string(out, "]},\"scopeLogs\":[{\"scope\":{\"name\":\"pebble\"},\"logRecords\":[");
}

static void add_line(struct buffer *out, const struct log_stream *stream UNUSED, const struct ring_entry *entry) {
    encoder_separate(out);
    buffer_add_string(out, "{\"timeUnixNano\":\"");
    encoder_add_time(out, entry->wall_ns);
    buffer_add_string(out, "\",\"body\":{\"stringValue\":");
    json_add_string(out, entry->message, entry->length, false);
    buffer_add_string(out, "}}");
}

static void end_stream(struct buffer *out) {
    buffer_add_string(out, "]}]}");
}

static void end(struct buffer *out) {
    buffer_add_string(out, "]}");
}

const struct encoder opentelemetry_encoder = {
    .content_type = "application/json",
    .is_grouped = true,
    .begin = begin,
    .begin_stream = begin_stream,
    .add_line = add_line,
    .end_stream = end_stream,
    .end = end,
};

// SPDX-License-Identifier: GPL-3.0-or-later
// Private to forward/: encoders write lines in the format of a type of target. They do no I/O and keep no state: what
// they have written so far stands in the text.
#pragma once

#include "base/buffer.h"
#include "logs/ring.h"

// Where a line comes from. The names of labels are sorted, the values expanded.
struct log_stream {
    const char *service;
    const char *host;                       // the name of this machine
    const struct text_list *names, *values; // as many values as names
};

struct encoder {
    const char *content_type; // of HTTP, else NULL
    // The lines of a service are written one after the other, between begin_stream() and end_stream(). Otherwise these
    // two are NULL, and the lines are written in the order of time.
    bool is_grouped;
    void (*begin)(struct buffer *out); // may be NULL, as end()
    void (*begin_stream)(struct buffer *out, const struct log_stream *stream);
    void (*add_line)(struct buffer *out, const struct log_stream *stream, const struct ring_entry *entry);
    void (*end_stream)(struct buffer *out);
    void (*end)(struct buffer *out);
};

// https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs
extern const struct encoder loki_encoder;
// OTLP/HTTP with JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
extern const struct encoder opentelemetry_encoder;
// RFC 5424. Each message is preceded by its length and a space (RFC 6587 section 3.4.1).
extern const struct encoder syslog_encoder;
// RFC 5424, for one message in each datagram: without lengths. A text of more than 4000 bytes is cut.
extern const struct encoder syslog_datagram_encoder;

static inline void encoder_add_time(struct buffer *out, int64_t wall_ns) {
    if (wall_ns < 0)
        buffer_add_char(out, '-');
    buffer_add_number(out, wall_ns < 0 ? 0 - (uint64_t)wall_ns : (uint64_t)wall_ns);
}

// Adds a comma unless the text ends with the beginning of an array or object.
static inline void encoder_separate(struct buffer *out) {
    char last = out->length > 0 ? out->data[out->length - 1] : '[';
    if (last != '[' && last != '{')
        buffer_add_char(out, ',');
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Declared in forward/encoder_internal.h.
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "forward/encoder_internal.h"

#define DATAGRAM_TEXT_MAX ((size_t)4000)
#define LENGTH_SIZE 21  // of UINT64_MAX, and a space
#define PRIORITY "<13>" // user-level, notice
#define ENTERPRISE_ID "28978"

// Adds a field of the head or the name of a parameter, which are visible ASCII: other characters become "_".
static void add_name(struct buffer *out, const char *text, const char *excluded) {
    if (*text == '\0')
        buffer_add_char(out, '-');
    for (; *text != '\0'; text++) {
        bool is_allowed = *text > ' ' && *text < 0x7f && strchr(excluded, *text) == NULL;
        buffer_add_char(out, is_allowed ? *text : '_');
    }
}

// RFC 5424 section 6.3.3.
static void add_parameter(struct buffer *out, const char *name, const char *value) {
    buffer_add_char(out, ' ');
    add_name(out, name, "=]\"");
    buffer_add_string(out, "=\"");
    for (; *value != '\0'; value++) {
        if (strchr("\"\\]", *value) != NULL)
            buffer_add_char(out, '\\');
        buffer_add_char(out, *value);
    }
    buffer_add_char(out, '"');
}

static void add_head(struct buffer *out, const struct log_stream *stream, int64_t wall_ns) {
    char time[CLOCK_TEXT_SIZE];
    clock_format_millis(wall_ns, time);
    buffer_add_string(out, PRIORITY "1 ");
    buffer_add_string(out, time);
    buffer_add_char(out, ' ');
    add_name(out, stream->host, "");
    buffer_add_char(out, ' ');
    add_name(out, stream->service, "");
    buffer_add_string(out, " - - [pebble@" ENTERPRISE_ID);
    for (size_t i = 0; i < stream->names->count; i++)
        add_parameter(out, stream->names->items[i], stream->values->items[i]);
    buffer_add_string(out, "] ");
}

// Moves what stands from `middle` on to `start`.
static void move_to(struct buffer *out, size_t start, size_t middle) {
    char length[LENGTH_SIZE];
    size_t size = out->length - middle;
    memcpy(length, out->data + middle, size);
    memmove(out->data + start + size, out->data + start, middle - start);
    memcpy(out->data + start, length, size);
}

static void add_counted_line(struct buffer *out, const struct log_stream *stream, const struct ring_entry *entry) {
    size_t start = out->length;
    add_head(out, stream, entry->wall_ns);
    size_t head_end = out->length;
    buffer_add_number(out, head_end - start + entry->length);
    buffer_add_char(out, ' ');
    move_to(out, start, head_end);
    buffer_add(out, entry->message, entry->length);
}

// The longest beginning of the text that does not end inside a character.
static size_t whole_characters(const char *text, size_t length) {
    size_t cut = length;
    while (cut > 0 && length - cut < 3 && ((unsigned char)text[cut] & 0xc0) == 0x80)
        cut--;
    return cut;
}

static void add_datagram(struct buffer *out, const struct log_stream *stream, const struct ring_entry *entry) {
    add_head(out, stream, entry->wall_ns);
    if (entry->length <= DATAGRAM_TEXT_MAX) {
        buffer_add(out, entry->message, entry->length);
    } else {
        buffer_add(out, entry->message, whole_characters(entry->message, DATAGRAM_TEXT_MAX - 3));
        buffer_add_string(out, "...");
    }
}

const struct encoder syslog_encoder = {.add_line = add_counted_line};
const struct encoder syslog_datagram_encoder = {.add_line = add_datagram};

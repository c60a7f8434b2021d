// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/output_tail.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"

struct output_tail {
    struct buffer bytes;
    size_t limit_bytes;
    bool has_lost; // older bytes have been dropped
};

struct output_tail *output_tail_create(size_t limit_bytes) {
    struct output_tail *tail = memory_new(sizeof *tail);
    buffer_init(&tail->bytes, BUFFER_NO_LIMIT);
    tail->limit_bytes = limit_bytes;
    return tail;
}

void output_tail_destroy(struct output_tail *tail) {
    if (tail == NULL)
        return;
    buffer_finish(&tail->bytes);
    free(tail);
}

static void write_tail(void *data, const char *bytes, size_t length) {
    struct output_tail *tail = data;
    if (length > tail->limit_bytes) {
        bytes += length - tail->limit_bytes;
        length = tail->limit_bytes;
        tail->has_lost = true;
    }
    buffer_add(&tail->bytes, bytes, length);
    // Only at twice the limit, as the kept bytes have to be moved.
    if (tail->bytes.length >= 2 * tail->limit_bytes) {
        buffer_consume(&tail->bytes, tail->bytes.length - tail->limit_bytes);
        tail->has_lost = true;
    }
}

struct job_sink output_tail_sink(struct output_tail *tail) {
    return (struct job_sink){.write = write_tail, .data = tail};
}

// Returns the beginning of the last `line_count` lines.
static const char *find_lines(const char *begin, const char *end, size_t line_count) {
    const char *at = end;
    while (at > begin && (at[-1] != '\n' || --line_count > 0))
        at--;
    return at;
}

char *output_tail_text(const struct output_tail *tail, size_t line_count) {
    size_t length = tail->bytes.length;
    bool has_more = tail->has_lost || length > tail->limit_bytes;
    if (length > tail->limit_bytes)
        length = tail->limit_bytes;
    const char *end = buffer_text(&tail->bytes) + tail->bytes.length;
    const char *begin = end - length;
    while (end > begin && text_is_space(end[-1]))
        end--;
    while (!has_more && begin < end && text_is_space(*begin))
        begin++;
    const char *lines = find_lines(begin, end, line_count);
    struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (has_more || lines > begin)
        buffer_add_string(&text, "(...)\n");
    text_add_without_nul(&text, lines, (size_t)(end - lines));
    return buffer_take(&text);
}

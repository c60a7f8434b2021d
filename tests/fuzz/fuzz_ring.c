// SPDX-License-Identifier: GPL-3.0-or-later
// A ring and readers of it, against a model that keeps all output. The first byte chooses the limit; of each two others
// the first is a step, the second its argument. A reader gets all bytes in order, or is told that it has lost some; it
// loses none that are within the limit.
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "logs/ring_internal.h"

#define READERS 3
#define STEPS_MAX 150

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition)
        abort();
}

struct line {
    size_t start;
    int64_t stamp_ns;
};

static struct buffer output; // since the ring was created
static struct line lines[1 << 16];
static size_t line_count;
static bool is_open, begins_run;
static size_t shrunk_at; // what was before it may be lost
static int64_t now_ns;

static struct ring *ring;
static size_t limit;
static struct ring_reader readers[READERS];
static size_t positions[READERS]; // of the next byte
static size_t stops[READERS];     // SIZE_MAX: none
static size_t waits[READERS];     // the next line that is read, after the rest of an open one; 0: none

// --- the model ---

static void model_add(const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (!is_open)
            lines[line_count++] = (struct line){.start = output.length + i, .stamp_ns = now_ns};
        is_open = bytes[i] != '\n';
    }
    buffer_add(&output, bytes, length);
}

static void model_append(const char *bytes, size_t length) {
    if (begins_run && is_open) {
        char time[CLOCK_TEXT_SIZE];
        clock_format_millis(now_ns, time);
        AUTO_FREE char *head = memory_printf("%s [s] ", time);
        model_add(head, strlen(head));
    }
    begins_run = false;
    model_add(bytes, length);
}

// The last line that begins at or before the position.
static const struct line *line_of(size_t position) {
    size_t low = 0, high = line_count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (lines[middle].start <= position)
            low = middle;
        else
            high = middle;
    }
    return &lines[low];
}

// The bytes from a position to the end, and the heads of their lines.
static size_t counted_from(size_t position) {
    if (position == output.length)
        return 0;
    return output.length - position + (size_t)(lines + line_count - line_of(position)) * ring->head_bytes;
}

// --- steps ---

static void append(unsigned argument) {
    static char bytes[9000];
    static const size_t sizes[] = {1, 2, 7, 30, 100, 1000, 4080, 9000};
    // More than the limit is not appended at once: a reader at the end is not told of the lines that are skipped then.
    size_t length = sizes[argument % 8] < limit ? sizes[argument % 8] : limit;
    size_t every = 1 + (argument / 8) * (argument / 8) * 8; // the length of the lines
    for (size_t i = 0; i < length; i++)
        bytes[i] = (i + output.length) % every == 0 ? '\n' : (char)('a' + (i + output.length) % 26);
    if (line_count + length >= sizeof lines / sizeof *lines - 100)
        return;
    now_ns += argument * NS_PER_MS / 3;
    model_append(bytes, length);
    ring_append(ring, bytes, length, now_ns);
}

static size_t position_of(const struct ring_reader *reader) {
    return reader->line < ring->next_line ? ring_line_at(ring, reader->line)->start + reader->offset : output.length;
}

static void read_entry(unsigned argument) {
    struct ring_reader *reader = &readers[argument % READERS];
    size_t *position = &positions[argument % READERS];
    size_t stop = stops[argument % READERS];
    struct ring_entry entry;
    int64_t order_ns;
    bool has_order = ring_reader_look(reader, &order_ns);
    bool has_entry = ring_reader_peek(reader, &entry);
    require(has_order == has_entry);
    size_t end = stop < output.length ? stop : output.length;
    size_t wanted = waits[argument % READERS];
    if (wanted > 0 && wanted >= line_count) {
        require(!has_entry);
        return;
    }
    if (wanted > 0)
        *position = lines[wanted].start;
    waits[argument % READERS] = 0;
    if (!has_entry) {
        require(*position >= end || reader->has_lost);
        return;
    }
    size_t at = position_of(reader);
    require(entry.was_truncated ? at >= *position : at == *position);
    require(at == *position || counted_from(*position) > limit || *position < shrunk_at);
    require(at + entry.length <= end && entry.length <= RING_PIECE_BYTES);
    require(memcmp(entry.message, output.data + at, entry.length) == 0);
    require(memchr(entry.message, '\n', entry.length) == NULL);
    const struct line *line = line_of(at);
    require(entry.order_ns == line->stamp_ns && order_ns == entry.order_ns);
    require(entry.wall_ns % NS_PER_MS == 0 && entry.wall_ns <= entry.order_ns &&
            entry.order_ns - entry.wall_ns < NS_PER_MS);
    *position = at + reader->shown;
    require(*position == at + entry.length || output.data[at + entry.length] == '\n');
    ring_reader_advance(reader);
}

static void place(unsigned number) {
    const struct ring_reader *reader = &readers[number];
    positions[number] = position_of(reader);
    stops[number] = SIZE_MAX;
    waits[number] = reader->line >= ring->next_line && is_open ? line_count : 0;
}

static void place_at_begin(unsigned argument) {
    struct ring_reader *reader = &readers[argument % READERS];
    ring_reader_begin(reader, ring);
    place(argument % READERS);
    require(counted_from(position_of(reader)) <= limit);
}

// As many entries back as there are steps, they are counted.
static void place_back(unsigned argument) {
    struct ring_reader *reader = &readers[argument % READERS];
    unsigned backs = 0;
    ring_reader_end(reader, ring);
    require(position_of(reader) == output.length);
    while (backs < argument / READERS && ring_reader_back(reader))
        backs++;
    place(argument % READERS);
    require(ring_reader_count(reader, UINT64_MAX) == backs && !reader->has_lost);
}

static void stop(unsigned argument) {
    ring_reader_stop(&readers[argument % READERS]);
    stops[argument % READERS] = output.length;
}

static void skip_rest(unsigned argument) {
    struct ring_reader *reader = &readers[argument % READERS];
    if (reader->offset == 0 || reader->has_lost)
        return;
    size_t stop_at = stops[argument % READERS];
    ring_reader_skip_rest(reader);
    if (reader->line >= ring->first_line)
        place(argument % READERS);
    stops[argument % READERS] = stop_at;
}

// A copy of a reader reads as many entries as are counted.
static void count_entries(unsigned argument) {
    struct ring_reader copy = readers[argument % READERS];
    struct ring_entry entry;
    uint64_t counted = ring_reader_count(&copy, UINT64_MAX);
    uint64_t most = ring_reader_count(&copy, argument);
    require(most == (counted < argument ? counted : argument));
    for (uint64_t i = 0; i < counted; i++) {
        require(ring_reader_peek(&copy, &entry));
        ring_reader_advance(&copy);
    }
    require(!ring_reader_peek(&copy, &entry));
}

static void shrink(unsigned argument UNUSED) {
    if (ring_shrink(ring))
        shrunk_at = output.length;
}

static void begin_run(unsigned argument UNUSED) {
    ring_begin_run(ring);
    begins_run = true;
}

static void last_lines(unsigned argument) {
    AUTO_TEXT_LIST struct text_list last = {0};
    (void)ring_last_lines(ring, argument % 16, &last);
    require(last.count <= argument % 16 && last.count <= line_count);
    for (size_t i = 0; i < last.count; i++) {
        size_t start = lines[line_count - last.count + i].start;
        size_t length = strlen(last.items[i]);
        require(start + length <= output.length && memcmp(last.items[i], output.data + start, length) == 0);
        require(start + length == output.length || output.data[start + length] == '\n');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const size_t limits[] = {60, 300, 5000, 20000};
    static void (*const steps[])(unsigned argument) = {
        append,         append,     append, append,    read_entry,    read_entry, read_entry, read_entry,
        place_at_begin, place_back, stop,   skip_rest, count_entries, shrink,     begin_run,  last_lines};
    if (size == 0)
        return 0;
    limit = limits[data[0] % 4];
    ring = ring_create("s", limit);
    buffer_init(&output, BUFFER_NO_LIMIT);
    line_count = shrunk_at = 0;
    is_open = begins_run = false;
    now_ns = 0;
    for (unsigned i = 0; i < READERS; i++)
        place_at_begin(i);
    for (size_t i = 1; i + 1 < size && i < 2 * (size_t)STEPS_MAX; i += 2)
        steps[data[i] % ARRAY_COUNT(steps)](data[i + 1]);
    ring_destroy(ring);
    buffer_finish(&output);
    return 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "logs/ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "logs/ring_internal.h"

#define FIRST_CAPACITY ((size_t)256)
#define FIRST_LINE_CAPACITY ((size_t)8)
#define TIME_BYTES ((size_t)24)

struct ring *ring_create(const char *service, size_t limit_bytes) {
    struct ring *ring = memory_new(sizeof *ring);
    ring->service = memory_string(service);
    ring->head_bytes = TIME_BYTES + strlen(" [] ") + strlen(service);
    ring->limit_bytes = limit_bytes == 0 ? 1 : limit_bytes;
    event_init(&ring->grown);
    return ring;
}

void ring_destroy(struct ring *ring) {
    if (ring == NULL)
        return;
    free(ring->lines);
    free(ring->storage);
    free(ring->service);
    free(ring);
}

const char *ring_service(const struct ring *ring) {
    return ring->service;
}

struct event *ring_grown(struct ring *ring) {
    return &ring->grown;
}

size_t ring_memory(const struct ring *ring) {
    size_t storage_bytes = ring->storage == NULL ? 0 : ring->capacity + ring_mirror_bytes(ring->capacity);
    return sizeof *ring + strlen(ring->service) + 1 + storage_bytes + ring->line_capacity * sizeof *ring->lines;
}

static uint64_t counted_end(const struct ring *ring) {
    return ring->end + ring->next_line * ring->head_bytes;
}

// Byte position of the oldest byte that is kept.
static uint64_t ring_begin(const struct ring *ring) {
    if (ring->first_line == ring->next_line)
        return ring->end;
    uint64_t start = ring_line_at(ring, ring->first_line)->start;
    uint64_t heads_bytes = (ring->first_line + 1) * ring->head_bytes;
    return ring->floor > start + heads_bytes ? ring->floor - heads_bytes : start;
}

// Drops everything below the counted position `floor`.
static void ring_raise_floor(struct ring *ring, uint64_t floor) {
    if (floor <= ring->floor)
        return;
    ring->floor = floor;
    while (ring->first_line < ring->next_line) {
        bool is_last = ring->first_line + 1 == ring->next_line;
        uint64_t line_end = is_last ? counted_end(ring) : ring_line_head(ring, ring->first_line + 1);
        if (line_end > floor || (is_last && ring->is_open))
            break;
        ring->first_line++;
    }
}

static bool ring_resize_lines(struct ring *ring, size_t capacity) {
    struct ring_line *lines = memory_try(capacity * sizeof *lines);
    if (lines == NULL)
        return false;
    for (uint64_t line = ring->first_line; line < ring->next_line; line++)
        lines[line & (capacity - 1)] = *ring_line_at(ring, line);
    free(ring->lines);
    ring->lines = lines;
    ring->line_capacity = capacity;
    return true;
}

static void ring_keep_limit(struct ring *ring) {
    uint64_t end = counted_end(ring);
    if (end > ring->limit_bytes)
        ring_raise_floor(ring, end - ring->limit_bytes);
}

static bool ring_index_is_full(const struct ring *ring) {
    return ring->next_line - ring->first_line == ring->line_capacity;
}

// Adds the record of a line that starts at the ring's end. Without memory for it the oldest line is dropped.
static void ring_add_line(struct ring *ring, int64_t stamp_ns) {
    if (ring_index_is_full(ring))
        ring_keep_limit(ring);
    if (ring_index_is_full(ring) && !ring_resize_lines(ring, ring->line_capacity * 2))
        ring_raise_floor(ring, ring_line_head(ring, ring->first_line + 1));
    *ring_line_at(ring, ring->next_line) = (struct ring_line){.start = ring->end, .stamp_ns = stamp_ns};
    ring->next_line++;
}

// Copies the kept bytes from `from` up to `to` out of the storage.
static void ring_copy_out(const struct ring *ring, uint64_t from, uint64_t to, char *target) {
    while (from < to) {
        size_t at = (size_t)(from % ring->capacity);
        size_t length = ring->capacity - at < to - from ? ring->capacity - at : (size_t)(to - from);
        memcpy(target, ring->storage + at, length);
        target += length;
        from += length;
    }
}

static void ring_copy_in(struct ring *ring, uint64_t to, const char *data, size_t length) {
    while (length > 0) {
        size_t at = (size_t)(to % ring->capacity);
        size_t part = ring->capacity - at < length ? ring->capacity - at : length;
        memcpy(ring->storage + at, data, part);
        data += part;
        to += part;
        length -= part;
    }
}

// Copies the bytes up to `stored_end` to a new storage.
static bool ring_resize_storage(struct ring *ring, size_t capacity, uint64_t stored_end) {
    char *storage = memory_try(capacity + ring_mirror_bytes(capacity));
    if (storage == NULL)
        return false;
    uint64_t at = ring_begin(ring);
    while (at < stored_end) {
        size_t target = (size_t)(at % capacity);
        uint64_t to = stored_end - at < capacity - target ? stored_end : at + (capacity - target);
        ring_copy_out(ring, at, to, storage + target);
        at = to;
    }
    free(ring->storage);
    ring->storage = storage;
    ring->capacity = capacity;
    return true;
}

static size_t ring_fitting_capacity(const struct ring *ring, uint64_t need_bytes) {
    size_t capacity = FIRST_CAPACITY;
    while (capacity < need_bytes)
        capacity *= 2;
    return capacity < ring->limit_bytes ? capacity : ring->limit_bytes;
}

// Drops lines until the bytes that are kept fit in the storage.
static void ring_fit_into_capacity(struct ring *ring) {
    uint64_t oldest = ring->end - ring->capacity;
    uint64_t line = ring->first_line;
    while (line < ring->next_line && ring_line_at(ring, line)->start < oldest)
        line++;
    ring_raise_floor(ring,
                     line < ring->next_line ? ring_line_head(ring, line) : oldest + ring->next_line * ring->head_bytes);
}

// The first allocations are small and cannot fail. They may shrink this ring, so they come before any change to it.
static void ring_prepare(struct ring *ring) {
    if (ring->lines == NULL) {
        ring->lines = memory_new_array(FIRST_LINE_CAPACITY, sizeof *ring->lines);
        ring->line_capacity = FIRST_LINE_CAPACITY;
    }
    if (ring->storage == NULL) {
        size_t capacity = ring_fitting_capacity(ring, 0);
        ring->storage = memory_new(capacity + ring_mirror_bytes(capacity));
        ring->capacity = capacity;
    }
}

// Skips leading lines that exceed the limit. Returns their length.
static size_t ring_skip_excess(struct ring *ring, const char *data, size_t length) {
    if (length <= ring->limit_bytes)
        return 0;
    const char *newline = memrchr(data, '\n', length - ring->limit_bytes);
    if (newline == NULL)
        return 0;
    size_t skipped = (size_t)(newline - data) + 1;
    ring->end += skipped;
    ring->is_open = false;
    return skipped;
}

static void ring_add_lines(struct ring *ring, const char *data, size_t length, int64_t stamp_ns) {
    const char *end = data + length;
    while (data < end) {
        if (!ring->is_open)
            ring_add_line(ring, stamp_ns);
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        const char *next = newline == NULL ? end : newline + 1;
        ring->is_open = newline == NULL;
        ring->end += (uint64_t)(next - data);
        data = next;
    }
}

static void ring_store(struct ring *ring, const char *data, size_t length, int64_t stamp_ns) {
    ring_prepare(ring);
    uint64_t stored_end = ring->end;
    size_t skipped = ring_skip_excess(ring, data, length);
    ring_add_lines(ring, data + skipped, length - skipped, stamp_ns);
    ring_keep_limit(ring);
    uint64_t need_bytes = ring->end - ring_begin(ring);
    if (need_bytes > ring->capacity && !ring_resize_storage(ring, ring_fitting_capacity(ring, need_bytes), stored_end))
        ring_fit_into_capacity(ring);
    uint64_t begin = ring_begin(ring);
    size_t lost = begin > stored_end ? (size_t)(begin - stored_end) : 0;
    ring_copy_in(ring, stored_end + lost, data + lost, length - lost);
}

void ring_begin_run(struct ring *ring) {
    ring->begins_run = true;
}

static void ring_add_head(struct ring *ring, int64_t wall_ns) {
    char time[CLOCK_TEXT_SIZE];
    clock_format_millis(wall_ns, time);
    AUTO_FREE char *head = memory_printf("%s [%s] ", time, ring->service);
    ring_store(ring, head, strlen(head), wall_ns);
}

void ring_append(struct ring *ring, const char *data, size_t length, int64_t wall_ns) {
    if (length == 0)
        return;
    ring->is_borrowed = false;
    if (ring->begins_run && ring->is_open)
        ring_add_head(ring, wall_ns);
    ring->begins_run = false;
    ring_store(ring, data, length, wall_ns);
    event_emit(&ring->grown, ring);
}

// Reduces index and storage to their contents. A storage that cannot be copied into a smaller one, for lack of memory,
// is freed with its contents.
static void ring_trim(struct ring *ring) {
    uint64_t need_bytes = ring->end - ring_begin(ring);
    size_t capacity = ring_fitting_capacity(ring, need_bytes);
    if (need_bytes > 0 && capacity < ring->capacity && !ring_resize_storage(ring, capacity, ring->end)) {
        ring_raise_floor(ring, counted_end(ring));
        need_bytes = 0;
    }
    if (need_bytes == 0) {
        free(ring->storage);
        ring->storage = NULL;
        ring->capacity = 0;
    }
    size_t count = (size_t)(ring->next_line - ring->first_line);
    size_t line_capacity = FIRST_LINE_CAPACITY;
    while (line_capacity < count)
        line_capacity *= 2;
    if (count == 0) {
        free(ring->lines);
        ring->lines = NULL;
        ring->line_capacity = 0;
    } else if (line_capacity < ring->line_capacity) {
        // On failure the old index stays.
        (void)ring_resize_lines(ring, line_capacity);
    }
}

static void ring_drop_older_half(struct ring *ring) {
    uint64_t first_kept = ring->first_line + (ring->next_line - ring->first_line + 1) / 2;
    ring_raise_floor(ring, first_kept < ring->next_line ? ring_line_head(ring, first_kept) : counted_end(ring));
}

bool ring_shrink(struct ring *ring) {
    if (ring->is_borrowed)
        return false;
    size_t before = ring_memory(ring);
    while (ring_memory(ring) == before && ring_begin(ring) < ring->end) {
        ring_drop_older_half(ring);
        ring_trim(ring);
    }
    return ring_memory(ring) < before;
}

static char *ring_line_text(const struct ring *ring, uint64_t line) {
    uint64_t start = ring_line_at(ring, line)->start;
    uint64_t end = ring_line_end(ring, line);
    bool has_newline = line + 1 < ring->next_line || !ring->is_open;
    size_t length = (size_t)(end - start) - (has_newline ? 1 : 0);
    AUTO_FREE char *bytes = memory_new(length + 1);
    ring_copy_out(ring, start, start + length, bytes);
    struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    text_add_without_nul(&text, bytes, length);
    return buffer_take(&text);
}

bool ring_last_lines(struct ring *ring, size_t count, struct text_list *lines) {
    ring->is_borrowed = true;
    uint64_t first = ring_first_whole(ring);
    bool has_more = ring->next_line - first > count;
    for (uint64_t line = has_more ? ring->next_line - count : first; line < ring->next_line; line++)
        text_list_add_owned(lines, ring_line_text(ring, line));
    ring->is_borrowed = false;
    return has_more;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Declared in logs/ring.h.
#include "logs/ring.h"

#include <string.h>

#include "base/clock.h"
#include "logs/ring_internal.h"

// The longest first piece of a line, without its head.
static uint64_t first_piece_bytes(const struct ring *ring) {
    return ring->head_bytes < RING_PIECE_BYTES ? RING_PIECE_BYTES - ring->head_bytes : 1;
}

static void reader_place(struct ring_reader *reader, struct ring *ring, uint64_t line, uint64_t offset) {
    *reader = (struct ring_reader){.ring = ring, .line = line, .offset = offset, .stop = UINT64_MAX};
}

void ring_reader_begin(struct ring_reader *reader, struct ring *ring) {
    reader_place(reader, ring, ring_first_whole(ring), 0);
}

void ring_reader_end(struct ring_reader *reader, struct ring *ring) {
    if (ring->is_open) {
        uint64_t last = ring->next_line - 1;
        reader_place(reader, ring, last, ring->end - ring_line_at(ring, last)->start);
    } else {
        reader_place(reader, ring, ring->next_line, 0);
    }
}

bool ring_reader_back(struct ring_reader *reader) {
    const struct ring *ring = reader->ring;
    uint64_t line = reader->line;
    uint64_t offset = reader->offset;
    if (offset == 0) {
        if (line <= ring_first_whole(ring))
            return false;
        line--;
        offset = ring_line_end(ring, line) - ring_line_at(ring, line)->start;
    } else if (line < ring_first_whole(ring)) {
        return false;
    }
    uint64_t first = first_piece_bytes(ring);
    reader->line = line;
    reader->offset = offset <= first ? 0 : first + (offset - first - 1) / RING_PIECE_BYTES * RING_PIECE_BYTES;
    return true;
}

void ring_reader_skip_rest(struct ring_reader *reader) {
    if (reader->offset > 0) {
        reader->line++;
        reader->offset = 0;
    }
}

void ring_reader_stop(struct ring_reader *reader) {
    reader->stop = reader->ring->end;
}

// Moves a reader below the floor to the rest of its line, or to the oldest whole line.
static void reader_catch_up(struct ring_reader *reader) {
    const struct ring *ring = reader->ring;
    if (reader->line == ring->next_line)
        return;
    if (reader->line >= ring->first_line) {
        uint64_t head = ring_line_head(ring, reader->line);
        uint64_t position = reader->offset == 0 ? head : head + ring->head_bytes + reader->offset;
        if (position >= ring->floor)
            return;
        if (reader->offset > 0) {
            reader->has_lost = true;
            reader->offset = ring->floor - head - ring->head_bytes;
            return;
        }
    }
    uint64_t first = ring_first_whole(ring);
    reader->has_lost = true;
    reader->lost_lines += first - reader->line;
    reader->line = first;
    reader->offset = 0;
}

// Returns `length` contiguous bytes at a position.
static const char *ring_bytes_at(struct ring *ring, uint64_t position, size_t length) {
    size_t at = (size_t)(position % ring->capacity);
    if (length > ring->capacity - at)
        memcpy(ring->storage + ring->capacity, ring->storage, length - (ring->capacity - at));
    return ring->storage + at;
}

static int64_t whole_milliseconds(int64_t ns) {
    int64_t rest = ns % NS_PER_MS;
    return ns - (rest < 0 ? rest + NS_PER_MS : rest);
}

// Sets the range of the unread bytes of the reader's line; false if there are none.
static bool reader_find(struct ring_reader *reader, uint64_t *start, uint64_t *end) {
    const struct ring *ring = reader->ring;
    reader_catch_up(reader);
    if (reader->line >= ring->next_line)
        return false;
    uint64_t line_end = ring_line_end(ring, reader->line);
    *start = ring_line_at(ring, reader->line)->start + reader->offset;
    *end = line_end < reader->stop ? line_end : reader->stop;
    return *start < *end;
}

bool ring_reader_look(struct ring_reader *reader, int64_t *order_ns) {
    uint64_t start;
    uint64_t end;
    if (!reader_find(reader, &start, &end))
        return false;
    *order_ns = ring_line_at(reader->ring, reader->line)->stamp_ns;
    return true;
}

// The number of entries of a line or its rest.
static uint64_t count_pieces(const struct ring *ring, uint64_t offset, uint64_t length) {
    uint64_t room = offset == 0 ? first_piece_bytes(ring) : RING_PIECE_BYTES;
    return length <= room ? 1 : 1 + (length - room + RING_PIECE_BYTES - 1) / RING_PIECE_BYTES;
}

uint64_t ring_reader_count(struct ring_reader *reader, uint64_t most) {
    const struct ring *ring = reader->ring;
    uint64_t count = 0;
    uint64_t start;
    uint64_t end;
    if (!reader_find(reader, &start, &end))
        return 0;
    uint64_t offset = reader->offset;
    for (uint64_t line = reader->line; start < end && count < most; offset = 0) {
        count += count_pieces(ring, offset, end - start);
        if (++line >= ring->next_line)
            break;
        uint64_t line_end = ring_line_end(ring, line);
        start = ring_line_at(ring, line)->start;
        end = line_end < reader->stop ? line_end : reader->stop;
    }
    return count < most ? count : most;
}

bool ring_reader_peek(struct ring_reader *reader, struct ring_entry *entry) {
    struct ring *ring = reader->ring;
    uint64_t start;
    uint64_t end;
    reader->shown = 0;
    if (!reader_find(reader, &start, &end))
        return false;
    uint64_t room = reader->offset == 0 ? first_piece_bytes(ring) : RING_PIECE_BYTES;
    size_t length = (size_t)(end - start < room ? end - start : room);
    bool is_finished = reader->line + 1 < ring->next_line || !ring->is_open;
    reader->shown = length;
    reader->shown_ends_line = is_finished && start + length == ring_line_end(ring, reader->line);
    ring->is_borrowed = true;
    int64_t stamp_ns = ring_line_at(ring, reader->line)->stamp_ns;
    *entry = (struct ring_entry){.wall_ns = whole_milliseconds(stamp_ns),
                                 .order_ns = stamp_ns,
                                 .message = ring_bytes_at(ring, start, length),
                                 .length = reader->shown_ends_line ? length - 1 : length,
                                 .was_truncated = reader->has_lost};
    return true;
}

void ring_reader_advance(struct ring_reader *reader) {
    reader->ring->is_borrowed = false;
    if (reader->shown == 0)
        return;
    reader->offset += reader->shown;
    if (reader->shown_ends_line) {
        reader->line++;
        reader->offset = 0;
    }
    reader->shown = 0;
    reader->has_lost = false;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Private to logs/: the inside of a ring, for ring.c (writing) and ring_reader.c (reading) only.
//
// Two kinds of position, both growing since the ring began. Byte positions count the bytes of output: a
// byte stands in `storage` at its position modulo `capacity`. Counted positions, in which the limit is
// meant, have each line's head before the line: the head of line n (n from 0) begins at the counted
// position line.start + n * head_bytes. Nothing below the counted position `floor` exists any more.
#pragma once

#include "logs/ring.h"

struct ring_line {
    uint64_t start;   // byte position; the line ends where the next one starts, or at the ring's end
    int64_t stamp_ns; // wall clock, of its first byte
};

struct ring {
    char *service;
    size_t head_bytes;
    size_t limit_bytes;
    char *storage;           // capacity bytes, then ring_mirror_bytes(capacity) for what wraps around; NULL at first
    size_t capacity;         // grows by doubling up to limit_bytes
    struct ring_line *lines; // the record of line n is at n modulo line_capacity (a power of two); NULL at first
    size_t line_capacity;
    uint64_t first_line; // the oldest line of which anything is left: it may have lost its head
    uint64_t next_line;  // the number that the next line gets
    uint64_t end;        // byte position after the newest byte
    uint64_t floor;      // counted position
    bool is_open;        // the last line has no newline yet; its record is never dropped
    bool begins_run;
    bool is_borrowed; // a reader shows an entry: the shrinker keeps off
    struct event grown;
};

static inline struct ring_line *ring_line_at(const struct ring *ring, uint64_t line) {
    return &ring->lines[line & (ring->line_capacity - 1)];
}

static inline uint64_t ring_line_end(const struct ring *ring, uint64_t line) {
    return line + 1 < ring->next_line ? ring_line_at(ring, line + 1)->start : ring->end;
}

// Counted position of the line's head.
static inline uint64_t ring_line_head(const struct ring *ring, uint64_t line) {
    return ring_line_at(ring, line)->start + line * ring->head_bytes;
}

// The oldest line that is whole; next_line if none is.
static inline uint64_t ring_first_whole(const struct ring *ring) {
    bool is_cut = ring->first_line < ring->next_line && ring_line_head(ring, ring->first_line) < ring->floor;
    return is_cut ? ring->first_line + 1 : ring->first_line;
}

// So much of the storage's beginning can be repeated after its end, so that an entry is always in one piece.
static inline size_t ring_mirror_bytes(size_t capacity) {
    return capacity < RING_PIECE_BYTES ? capacity : RING_PIECE_BYTES;
}

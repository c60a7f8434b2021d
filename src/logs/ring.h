// SPDX-License-Identifier: GPL-3.0-or-later
// The ring of one service's output: the last 102,400 bytes, counting for each line a head of 24 bytes of
// time and " [name] ". It begins small and grows to its limit. Old lines give way to
// new ones; a line that lost its beginning is left out. Readers hold positions and never slow the writer.
#pragma once

#include "base/compiler.h"
#include "base/event.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_LIMIT_BYTES ((size_t)102400)
#define RING_PIECE_BYTES ((size_t)4096) // the longest entry a reader gets, head included

struct ring;

struct ring *ring_create(const char *service, size_t limit_bytes) __attribute__((returns_nonnull));
void ring_destroy(struct ring *ring); // readers must be gone; NULL is fine
const char *ring_service(const struct ring *ring);
// A new process begins to write. If the one before left a line unfinished, the next bytes are glued to it,
// behind a head in text.
void ring_begin_run(struct ring *ring);
// Appends output as it came; splits it into lines, each stamped with the time of its first byte.
// Bytes that continue an unfinished line are glued to it. Announces `grown` (argument: the ring) afterwards.
// Without memory to grow it keeps what fits in the memory it has.
void ring_append(struct ring *ring, const char *data, size_t length, int64_t wall_ns);
struct event *ring_grown(struct ring *ring);
// Gives back what memory it can (for the memory shrinker): drops the older half of the lines, or more. False if there
// is nothing to give, or while an entry that a reader peeked at may still be in use.
bool ring_shrink(struct ring *ring);
size_t ring_memory(const struct ring *ring); // bytes allocated for it

// One line, or a piece of a long or unfinished one.
struct ring_entry {
    int64_t wall_ns;     // whole milliseconds
    int64_t order_ns;    // the same, not rounded: for merging the entries of several rings
    const char *message; // without newline; not NUL-terminated; borrowed until the reader advances or the ring changes
    size_t length;
    bool was_truncated; // lines were lost before this one because the reader was too slow
};

// A position in a ring. Caller's memory.
struct ring_reader {
    struct ring *ring;
    bool has_lost; // lost lines, and no entry has told of it yet; cleared by advancing, or by the caller
    // Private: the line it stands in (counted since the ring began), how many of its bytes are behind it, the
    // end that ring_reader_stop() set, the bytes of the entry that peek showed, whether that ends its line.
    uint64_t line;
    uint64_t offset;
    uint64_t stop;
    size_t shown;
    bool shown_ends_line;
};
void ring_reader_begin(struct ring_reader *reader, struct ring *ring); // at the oldest line
void ring_reader_end(struct ring_reader *reader, struct ring *ring);   // after the newest byte: sees only what comes
// One entry back; false at the oldest. For a reader that has not advanced yet.
bool ring_reader_back(struct ring_reader *reader);
// Leaves out the rest of the line it stands in the middle of, if any.
void ring_reader_skip_rest(struct ring_reader *reader);
// Sees nothing of what comes from now on.
void ring_reader_stop(struct ring_reader *reader);
// The next entry without moving on (two calls give the same), false when there is none now. Whole lines come
// in pieces of at most RING_PIECE_BYTES counting their head; an unfinished last line counts as a line of
// what is there so far, and later gives only the rest as a further piece.
bool ring_reader_peek(struct ring_reader *reader, struct ring_entry *entry);
void ring_reader_advance(struct ring_reader *reader); // past the entry that peek showed
// Only the time of the next entry (its order_ns); false when there is none now.
bool ring_reader_look(struct ring_reader *reader, int64_t *order_ns);

// The last `count` lines of the whole ring (earlier runs too), for a failed start's log. Adds to `lines`, with
// U+FFFD for NUL bytes; returns whether there were more.
bool ring_last_lines(struct ring *ring, size_t count, struct text_list *lines);

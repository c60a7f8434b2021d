// SPDX-License-Identifier: GPL-3.0-or-later
// The ring of one service's output: the last 102,400 bytes, which include a head of each line, 24 bytes of time and
// " [name] ". It grows up to its limit. New lines replace old ones; a line without its beginning is left out. Readers
// hold positions and do not block the writer.
#pragma once

#include "base/compiler.h"
#include "base/event.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_LIMIT_BYTES ((size_t)102400)
#define RING_PIECE_BYTES ((size_t)4096) // the longest entry of a reader, with its head

struct ring;

struct ring *ring_create(const char *service, size_t limit_bytes) __attribute__((returns_nonnull));
void ring_destroy(struct ring *ring); // there must be no readers; NULL is fine
const char *ring_service(const struct ring *ring);
// Called when a new process begins to write. If the last line is unfinished, the next bytes continue it after a head as
// text.
void ring_begin_run(struct ring *ring);
// Appends output and splits it into lines, each with the time of its first byte. Continues an unfinished line. Emits
// ring_grown() afterwards. If it cannot grow for lack of memory, it keeps the lines that fit.
void ring_append(struct ring *ring, const char *data, size_t length, int64_t wall_ns);
struct event *ring_grown(struct ring *ring); // argument: struct ring *
// Frees memory (for the memory shrinker): drops the older half of the lines, or more. False if nothing could be freed,
// or while the entry of a reader may be in use.
bool ring_shrink(struct ring *ring);
size_t ring_memory(const struct ring *ring); // bytes allocated for it

// One line, or a piece of a long or unfinished one.
struct ring_entry {
    int64_t wall_ns;     // whole milliseconds
    int64_t order_ns;    // the same, not rounded: for merging the entries of several rings
    const char *message; // without newline; not NUL-terminated; borrowed until the reader advances or the ring changes
    size_t length;
    bool was_truncated; // the reader was too slow and has lost lines before this one
};

// A position in a ring, in the caller's memory.
struct ring_reader {
    struct ring *ring;
    bool has_lost;       // lines were lost and no entry has reported that yet; cleared by advancing, or by the caller
    uint64_t lost_lines; // the number of whole lines that were lost; the caller may set it to 0
    // Private: the current line (counted since the creation of the ring), the number of its bytes that were read, the
    // end set by ring_reader_stop(), the bytes of the entry that peek has returned, whether that ends its line.
    uint64_t line;
    uint64_t offset;
    uint64_t stop;
    size_t shown;
    bool shown_ends_line;
};
void ring_reader_begin(struct ring_reader *reader, struct ring *ring); // at the oldest line
void ring_reader_end(struct ring_reader *reader, struct ring *ring);   // after the newest byte
// Moves one entry back; false at the oldest. For a reader that has not advanced yet.
bool ring_reader_back(struct ring_reader *reader);
// Skips the rest of a line that has been read in part.
void ring_reader_skip_rest(struct ring_reader *reader);
// Ends the reader at the current end of the ring.
void ring_reader_stop(struct ring_reader *reader);
// Returns the next entry without advancing; false if there is none now. Lines are divided into pieces of at most
// RING_PIECE_BYTES, with the head. An unfinished last line is returned as far as it is there, and later its rest as
// another piece.
bool ring_reader_peek(struct ring_reader *reader, struct ring_entry *entry);
void ring_reader_advance(struct ring_reader *reader); // past the entry that peek has returned
// Returns the order_ns of the next entry; false if there is none now.
bool ring_reader_look(struct ring_reader *reader, int64_t *order_ns);
// Returns how many entries there are now, at most `most`, without reading them. Updates what is lost.
uint64_t ring_reader_count(struct ring_reader *reader, uint64_t most);

// Adds the last `count` lines, also of earlier processes, to `lines`, with U+FFFD for NUL bytes. Returns whether there
// are more.
bool ring_last_lines(struct ring *ring, size_t count, struct text_list *lines);

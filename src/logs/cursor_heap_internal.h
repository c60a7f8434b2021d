// SPDX-License-Identifier: GPL-3.0-or-later
// Private to logs/: merges rings. Each ring is read through a cursor; a heap holds the cursors in the order of the time
// of their next entry.
#pragma once

#include "base/list.h"
#include "logs/ring.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_query;

enum cursor_state {
    CURSOR_IDLE,    // no entry: waits for the ring to grow
    CURSOR_CHANGED, // the ring has grown since: in the query's list
    CURSOR_MERGING, // has an entry: in the heap
    CURSOR_GIVEN,   // its entry is in use by the query's caller
};

struct cursor {
    struct ring_reader reader; // reader.ring is NULL when the store has been destroyed
    enum cursor_state state;
    struct log_query *query;
    struct listener grown;
    struct list link; // in log_query.changed
    int64_t order_ns; // of the next entry, while in the heap
    size_t rank;      // the order of equal times
};

struct cursor_heap {
    struct cursor **cursors; // allocated by the owner, for all cursors
    size_t count;
    bool is_latest_first;
};

void cursor_heap_add(struct cursor_heap *heap, struct cursor *cursor);
struct cursor *cursor_heap_first(const struct cursor_heap *heap); // NULL when empty
// Restores the order after the time of the first cursor has increased.
void cursor_heap_sink_first(struct cursor_heap *heap);
void cursor_heap_remove_first(struct cursor_heap *heap);

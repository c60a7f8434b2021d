// SPDX-License-Identifier: GPL-3.0-or-later
// Private to logs/: merging many rings: each is read through a cursor, and a heap says which cursor stands at the entry
// that is next in the order of time.
#pragma once

#include "base/list.h"
#include "logs/ring.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_query;

enum cursor_state {
    CURSOR_IDLE,    // has no entry: waits for its ring to grow
    CURSOR_CHANGED, // the ring has grown since: in the query's list
    CURSOR_MERGING, // stands at an entry: in the heap
    CURSOR_GIVEN,   // the query's caller uses the entry
};

struct cursor {
    struct ring_reader reader; // reader.ring is NULL once the ring has gone
    enum cursor_state state;
    struct log_query *query;
    struct listener grown;
    struct list link; // in log_query.changed
    int64_t order_ns; // of the entry it stands at, while in the heap
    size_t rank;      // decides between equal times
};

struct cursor_heap {
    struct cursor **cursors; // room for all of them is the owner's affair
    size_t count;
    bool is_latest_first;
};

void cursor_heap_add(struct cursor_heap *heap, struct cursor *cursor);
struct cursor *cursor_heap_first(const struct cursor_heap *heap); // NULL when empty
// The first cursor's time has changed: puts it to its place.
void cursor_heap_sink_first(struct cursor_heap *heap);
void cursor_heap_remove_first(struct cursor_heap *heap);

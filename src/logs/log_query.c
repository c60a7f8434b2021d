// SPDX-License-Identifier: GPL-3.0-or-later
// Declared in logs/log_store.h.
#include "logs/log_store.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/memory.h"
#include "logs/merge_heap.h"

#define STEPS_PER_CALL 10000 // back, about a millisecond

static const char truncation_message[] = "(... output truncated ...)";

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
    struct list link;       // in log_query.changed
    struct merge_item item; // of the next entry, while in the heap
};

struct log_query {
    struct cursor *cursors; // count of them, one a ring, sorted by service
    size_t count;
    struct merge_heap heap;
    struct list changed;     // cursor.link
    struct cursor *given;    // may be NULL
    struct listener closing; // of the store
    bool is_following;
    bool is_waiting; // log_query_next() has returned false
    bool is_placed;
    int64_t steps_left; // back, until it is placed
    log_query_ready_fn on_ready;
    void *data;
};

static struct cursor *first_cursor(const struct merge_heap *heap) {
    struct merge_item *item = merge_heap_first(heap);
    return item != NULL ? CONTAINER_OF(item, struct cursor, item) : NULL;
}

static void on_ring_grown(struct listener *listener, void *ring UNUSED) {
    struct cursor *cursor = CONTAINER_OF(listener, struct cursor, grown);
    struct log_query *query = cursor->query;
    if (cursor->state != CURSOR_IDLE)
        return;
    cursor->state = CURSOR_CHANGED;
    list_add(&query->changed, &cursor->link);
    if (query->is_waiting) {
        query->is_waiting = false;
        if (query->on_ready != NULL)
            query->on_ready(query->data);
    }
}

static void on_store_closing(struct listener *listener, void *argument UNUSED) {
    struct log_query *query = CONTAINER_OF(listener, struct log_query, closing);
    event_remove(listener);
    for (struct cursor *cursor = query->cursors; cursor < query->cursors + query->count; cursor++) {
        event_remove(&cursor->grown);
        cursor->reader.ring = NULL;
    }
    if (!query->is_placed)
        query->heap.count = 0;
}

// Adds a cursor that is in neither heap nor list to the heap if it has an entry.
static void query_place_cursor(struct log_query *query, struct cursor *cursor) {
    bool has_entry = cursor->reader.ring != NULL && ring_reader_look(&cursor->reader, &cursor->item.order_ns);
    cursor->state = has_entry ? CURSOR_MERGING : CURSOR_IDLE;
    if (has_entry)
        merge_heap_add(&query->heap, &cursor->item);
}

static bool cursor_look_back(struct cursor *cursor) {
    struct ring_reader before = cursor->reader;
    return ring_reader_back(&before) && ring_reader_look(&before, &cursor->item.order_ns);
}

// Moves the cursors back from the ends of their rings, at each step the one whose previous entry is the latest.
static void query_begin_steps(struct log_query *query, int64_t count) {
    query->steps_left = count;
    query->heap.is_latest_first = true;
    for (size_t i = 0; i < query->count; i++) {
        if (cursor_look_back(&query->cursors[i]))
            merge_heap_add(&query->heap, &query->cursors[i].item);
    }
}

static void query_step_back(struct log_query *query) {
    struct merge_heap *heap = &query->heap;
    struct cursor *cursor;
    int64_t last = query->steps_left > STEPS_PER_CALL ? query->steps_left - STEPS_PER_CALL : 0;
    for (; query->steps_left > last && (cursor = first_cursor(heap)) != NULL; query->steps_left--) {
        ring_reader_back(&cursor->reader);
        if (cursor_look_back(cursor))
            merge_heap_sink_first(heap);
        else
            merge_heap_remove_first(heap);
    }
}

static void query_end_steps(struct log_query *query) {
    query->is_placed = true;
    query->heap.count = 0;
    query->heap.is_latest_first = false;
    for (struct cursor *cursor = query->cursors; cursor < query->cursors + query->count; cursor++) {
        list_remove(&cursor->link);
        query_place_cursor(query, cursor);
    }
}

bool log_query_place(struct log_query *query) {
    if (query->is_placed)
        return true;
    query_step_back(query);
    if (query->steps_left == 0 || query->heap.count == 0)
        query_end_steps(query);
    return query->is_placed;
}

static void query_begin(struct log_query *query, int64_t count) {
    for (struct cursor *cursor = query->cursors; cursor < query->cursors + query->count; cursor++) {
        if (count < 0)
            ring_reader_begin(&cursor->reader, cursor->reader.ring);
        else
            ring_reader_end(&cursor->reader, cursor->reader.ring);
        if (count == 0)
            ring_reader_skip_rest(&cursor->reader);
        if (!query->is_following)
            ring_reader_stop(&cursor->reader);
    }
    if (count > 0)
        query_begin_steps(query, count);
}

static void query_open_cursors(struct log_query *query, const struct map *rings) {
    query->count = rings->count;
    query->cursors = memory_new_array(query->count, sizeof *query->cursors);
    query->heap.items = memory_new_array(query->count, sizeof(struct merge_item *));
    AUTO_FREE struct map_entry **sorted = map_sorted(rings);
    for (size_t i = 0; i < query->count; i++) {
        struct cursor *cursor = &query->cursors[i];
        list_init(&cursor->link);
        cursor->reader.ring = sorted[i]->value;
        cursor->query = query;
        cursor->item.rank = i;
    }
}

static void choose_rings(struct log_store *store, const struct text_list *services, struct map *chosen) {
    for (size_t i = 0; i < services->count; i++) {
        struct ring *ring = log_store_find(store, services->items[i]);
        if (ring != NULL && !map_has(chosen, services->items[i]))
            map_set(chosen, services->items[i], ring);
    }
}

struct log_query *log_query_create(struct log_store *store, const struct log_query_spec *spec) {
    struct log_query *query = memory_new(sizeof *query);
    list_init(&query->changed);
    query->is_following = spec->follow;
    query->is_waiting = true;
    query->on_ready = spec->on_ready;
    query->data = spec->data;
    event_add(log_store_closing(store), &query->closing, on_store_closing);

    AUTO_MAP struct map chosen = MAP_INIT(NULL);
    if (spec->services != NULL)
        choose_rings(store, spec->services, &chosen);
    query_open_cursors(query, spec->services != NULL ? &chosen : log_store_rings(store));
    query_begin(query, spec->count);
    for (struct cursor *cursor = query->cursors; query->is_following && cursor < query->cursors + query->count;
         cursor++)
        event_add(ring_grown(cursor->reader.ring), &cursor->grown, on_ring_grown);
    (void)log_query_place(query);
    return query;
}

size_t log_query_memory(const struct log_query *query) {
    return sizeof *query + query->count * (sizeof *query->cursors + sizeof *query->heap.items);
}

// Ends the caller's use of an entry.
static void query_end_entry(struct log_query *query) {
    struct cursor *cursor = TAKE(query->given);
    if (cursor == NULL)
        return;
    if (cursor->reader.ring != NULL)
        ring_reader_advance(&cursor->reader);
    query_place_cursor(query, cursor);
}

void log_query_destroy(struct log_query *query) {
    if (query == NULL)
        return;
    query_end_entry(query);
    for (struct cursor *cursor = query->cursors; cursor < query->cursors + query->count; cursor++)
        event_remove(&cursor->grown);
    event_remove(&query->closing);
    free(query->heap.items);
    free(query->cursors);
    free(query);
}

static void query_place_changed(struct log_query *query) {
    while (!list_is_empty(&query->changed)) {
        struct cursor *cursor = LIST_ITEM(query->changed.next, struct cursor, link);
        list_remove(&cursor->link);
        query_place_cursor(query, cursor);
    }
}

static void report_truncation(struct cursor *cursor, struct ring_entry *entry) {
    cursor->reader.has_lost = false;
    entry->message = truncation_message;
    entry->length = sizeof truncation_message - 1;
    entry->was_truncated = true;
}

// Removes the first cursor of the heap, whose entries were lost. Returns whether that is to be reported in `entry`; if
// the query follows, it is reported with the next line.
static bool query_drop_first(struct log_query *query, struct cursor *cursor, struct ring_entry *entry) {
    merge_heap_remove_first(&query->heap);
    cursor->state = CURSOR_IDLE;
    if (query->is_following || cursor->reader.ring == NULL || !cursor->reader.has_lost)
        return false;
    *entry = (struct ring_entry){.wall_ns = cursor->item.order_ns / NS_PER_MS * NS_PER_MS,
                                 .order_ns = cursor->item.order_ns};
    report_truncation(cursor, entry);
    return true;
}

// Returns the next entry of the heap's first cursor; false if the cursor has been moved or removed.
static bool query_take_first(struct log_query *query, struct cursor *cursor, struct ring_entry *entry) {
    int64_t order_ns;
    if (cursor->reader.ring == NULL || !ring_reader_look(&cursor->reader, &order_ns))
        return query_drop_first(query, cursor, entry);
    if (order_ns != cursor->item.order_ns) {
        // The entry is lost.
        cursor->item.order_ns = order_ns;
        merge_heap_sink_first(&query->heap);
        return false;
    }
    (void)ring_reader_peek(&cursor->reader, entry);
    if (entry->was_truncated) {
        report_truncation(cursor, entry);
        return true;
    }
    merge_heap_remove_first(&query->heap);
    cursor->state = CURSOR_GIVEN;
    query->given = cursor;
    return true;
}

bool log_query_next(struct log_query *query, const char **service, struct ring_entry *entry) {
    if (!query->is_placed)
        return false;
    query_end_entry(query);
    query_place_changed(query);
    struct cursor *cursor;
    while ((cursor = first_cursor(&query->heap)) != NULL) {
        if (query_take_first(query, cursor, entry)) {
            *service = ring_service(cursor->reader.ring);
            return true;
        }
    }
    query->is_waiting = true;
    return false;
}

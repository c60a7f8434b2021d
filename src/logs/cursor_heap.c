// SPDX-License-Identifier: GPL-3.0-or-later
#include "logs/cursor_heap_internal.h"

static bool comes_before(const struct cursor_heap *heap, const struct cursor *a, const struct cursor *b) {
    bool is_earlier = a->order_ns != b->order_ns ? a->order_ns < b->order_ns : a->rank < b->rank;
    return is_earlier != heap->is_latest_first;
}

void cursor_heap_add(struct cursor_heap *heap, struct cursor *cursor) {
    size_t at = heap->count++;
    while (at > 0 && comes_before(heap, cursor, heap->cursors[(at - 1) / 2])) {
        heap->cursors[at] = heap->cursors[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->cursors[at] = cursor;
}

struct cursor *cursor_heap_first(const struct cursor_heap *heap) {
    return heap->count == 0 ? NULL : heap->cursors[0];
}

void cursor_heap_sink_first(struct cursor_heap *heap) {
    struct cursor *cursor = heap->cursors[0];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < heap->count && comes_before(heap, heap->cursors[child + 1], heap->cursors[child]))
            child++;
        if (child >= heap->count || !comes_before(heap, heap->cursors[child], cursor))
            break;
        heap->cursors[at] = heap->cursors[child];
        at = child;
    }
    heap->cursors[at] = cursor;
}

void cursor_heap_remove_first(struct cursor_heap *heap) {
    heap->cursors[0] = heap->cursors[--heap->count];
    if (heap->count > 0)
        cursor_heap_sink_first(heap);
}

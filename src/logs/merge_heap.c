// SPDX-License-Identifier: GPL-3.0-or-later
#include "logs/merge_heap.h"

static bool comes_before(const struct merge_heap *heap, const struct merge_item *a, const struct merge_item *b) {
    bool is_earlier = a->order_ns != b->order_ns ? a->order_ns < b->order_ns : a->rank < b->rank;
    return is_earlier != heap->is_latest_first;
}

void merge_heap_add(struct merge_heap *heap, struct merge_item *item) {
    size_t at = heap->count++;
    while (at > 0 && comes_before(heap, item, heap->items[(at - 1) / 2])) {
        heap->items[at] = heap->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->items[at] = item;
}

struct merge_item *merge_heap_first(const struct merge_heap *heap) {
    return heap->count == 0 ? NULL : heap->items[0];
}

void merge_heap_sink_first(struct merge_heap *heap) {
    struct merge_item *item = heap->items[0];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < heap->count && comes_before(heap, heap->items[child + 1], heap->items[child]))
            child++;
        if (child >= heap->count || !comes_before(heap, heap->items[child], item))
            break;
        heap->items[at] = heap->items[child];
        at = child;
    }
    heap->items[at] = item;
}

void merge_heap_remove_first(struct merge_heap *heap) {
    heap->items[0] = heap->items[--heap->count];
    if (heap->count > 0)
        merge_heap_sink_first(heap);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Merges sequences, such as the lines of several rings, in the order of time: a heap of their next elements. Adding and
// removing take logarithmic time.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The next element of a sequence; a member of what stands for the sequence.
struct merge_item {
    int64_t order_ns;
    size_t rank; // the order of equal times
};

struct merge_heap {
    struct merge_item **items; // allocated by the owner, for all sequences
    size_t count;
    bool is_latest_first;
};

void merge_heap_add(struct merge_heap *heap, struct merge_item *item);
struct merge_item *merge_heap_first(const struct merge_heap *heap); // NULL when empty
// Restores the order after the time of the first item has changed to one that comes later in the order.
void merge_heap_sink_first(struct merge_heap *heap);
void merge_heap_remove_first(struct merge_heap *heap);

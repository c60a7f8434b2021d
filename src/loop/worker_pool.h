// SPDX-License-Identifier: GPL-3.0-or-later
// Worker pools: what blocks runs in threads of their own, so that the loop never waits. Each pool has its
// queue, so one cannot starve another; a worker begins with the first item and ends after two idle
// seconds, so an idle daemon is one thread.
#pragma once

#include "loop/loop.h"

#include <stddef.h>

struct worker_pool;
struct work_item;

// Runs in a worker thread: touches only what the item owns.
typedef void (*work_fn)(struct work_item *item);
// Runs in the loop, exactly once for each item that worker_pool_submit() took, cancelled or not; it may free it.
typedef void (*work_done_fn)(struct work_item *item);

// The submitter's structure, embedded in its own.
struct work_item {
    work_fn work;
    work_done_fn done;
    bool was_cancelled;     // true in done() if work() never ran
    struct work_item *next; // private
    int phase;              // private
};

// `threads` at a time (1 keeps the order of items), at most `queue_limit` items waiting.
struct worker_pool *worker_pool_create(struct loop *loop, const char *name, unsigned threads, size_t queue_limit)
    __attribute__((returns_nonnull));
// Waits for running items, cancels waiting ones (their done() is called), frees. NULL is fine.
void worker_pool_destroy(struct worker_pool *pool);
// ERROR_UNAVAILABLE when the queue is full or no thread can be started: done() is not called then.
bool worker_pool_submit(struct worker_pool *pool, struct work_item *item, struct error *err) NODISCARD;
// A waiting item's done() is called in the next turn with was_cancelled; one that runs goes on. False then.
bool worker_pool_cancel(struct worker_pool *pool, struct work_item *item);
// Blocks until all submitted items have run, then calls their done(): for shutdown only.
void worker_pool_drain(struct worker_pool *pool);

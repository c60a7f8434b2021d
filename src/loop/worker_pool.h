// SPDX-License-Identifier: GPL-3.0-or-later
// Worker pools: calls that may block run in threads, so that the loop never waits. Each pool has a queue of its
// own, so that one cannot starve another. A thread starts with the first item and ends after two idle seconds: an
// idle daemon is one thread. All functions are called from the loop's thread.
#pragma once

#include "loop/loop.h"

#include <stddef.h>

struct worker_pool;
struct work_item;

// Runs in a worker thread. Uses only what the item owns.
typedef void (*work_fn)(struct work_item *item);
// Runs in the loop's thread, exactly once for each item that worker_pool_submit() accepted, cancelled or not. May free
// the item.
typedef void (*work_done_fn)(struct work_item *item);

// Embedded in the submitter's own structure.
struct work_item {
    work_fn work;
    work_done_fn done;
    bool was_cancelled;     // true in done() if work() never ran
    struct work_item *next; // private
    int phase;              // private
};

// At most `threads` items run at a time (1 keeps their order) and `queue_limit` more wait. `name` is the threads'
// name, 15 bytes of it.
struct worker_pool *worker_pool_create(struct loop *loop, const char *name, unsigned threads, size_t queue_limit)
    __attribute__((returns_nonnull));
// Cancels waiting items, blocks until the running ones have ended, and calls done() for all. NULL is fine.
void worker_pool_destroy(struct worker_pool *pool);
// The same for work that may never end: blocks for at most `timeout_ns`. Work that still runs then is abandoned: its
// done() is not called, and its item must stay valid, because the thread goes on with it. False in that case. The
// loop may be destroyed afterwards.
bool worker_pool_destroy_within(struct worker_pool *pool, int64_t timeout_ns);
// ERROR_UNAVAILABLE if the queue is full or no thread can be started; done() is not called then.
bool worker_pool_submit(struct worker_pool *pool, struct work_item *item, struct error *err) NODISCARD;
// Removes a waiting item: its done() is called from the loop with was_cancelled. False if it runs already or has run.
bool worker_pool_cancel(struct worker_pool *pool, struct work_item *item);
// Blocks until the item has run, then calls done() for it and for others that have ended. False after `timeout_ns`:
// nothing has changed then, and done() is called from the loop later. For start-up and shutdown only.
bool worker_pool_wait_item(struct worker_pool *pool, struct work_item *item, int64_t timeout_ns);
// The same for all items, with those that a done() submits meanwhile.
bool worker_pool_wait(struct worker_pool *pool, int64_t timeout_ns);

// SPDX-License-Identifier: GPL-3.0-or-later
// Worker pools run blocking calls in threads. Each pool has its own queue, so that one pool cannot starve another.
// Threads are started on demand and end after two idle seconds. All functions must be called from the thread of the
// loop.
#pragma once

#include "loop/loop.h"

#include <stddef.h>

struct worker_pool;
struct work_item;

// Runs in a worker thread. May only use data owned by the item.
typedef void (*work_fn)(struct work_item *item);
// Runs in the thread of the loop, exactly once for each accepted item, cancelled or not. May free the item.
typedef void (*work_done_fn)(struct work_item *item);

// Embedded in a structure of the submitter.
struct work_item {
    work_fn work;
    work_done_fn done;
    bool was_cancelled;     // true in done() if work() has not run
    struct work_item *next; // private
    int phase;              // private
};

// At most `threads` items run at a time (1 preserves their order) and `queue_limit` more wait. `name` is the name of
// the threads, truncated to 15 bytes.
struct worker_pool *worker_pool_create(struct loop *loop, const char *name, unsigned threads, size_t queue_limit)
    __attribute__((returns_nonnull));
// Cancels waiting items, blocks until running ones have ended, and calls done() for all. NULL is allowed.
void worker_pool_destroy(struct worker_pool *pool);
// Like worker_pool_destroy(), but blocks for at most `timeout_ns`. Items that are still running then are abandoned:
// done() is not called, and the item must stay valid because the thread still uses it. Returns false in that case. The
// loop may be destroyed afterwards.
bool worker_pool_destroy_within(struct worker_pool *pool, int64_t timeout_ns);
// ERROR_UNAVAILABLE if the queue is full or no thread can be started; done() is not called then.
bool worker_pool_submit(struct worker_pool *pool, struct work_item *item, struct error *err) NODISCARD;
// Cancels a waiting item: done() is called from the loop with was_cancelled set. False if it is running or has run.
bool worker_pool_cancel(struct worker_pool *pool, struct work_item *item);
// Blocks until the item has run, then calls done() for it and for others that have ended. Returns false after
// `timeout_ns`; done() is then called from the loop as usual. For start-up and shutdown only.
bool worker_pool_wait_item(struct worker_pool *pool, struct work_item *item, int64_t timeout_ns);
// Like worker_pool_wait_item(), for all items, including those submitted by done() functions.
bool worker_pool_wait(struct worker_pool *pool, int64_t timeout_ns);

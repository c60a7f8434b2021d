// SPDX-License-Identifier: GPL-3.0-or-later
// Private to files/: an operation, whose blocking part runs in a worker. It has at most one work item at a time, so the
// loop and the worker never use its structure at the same time, except `is_abandoned`.
#pragma once

#include "files/file_manager.h"
#include "loop/worker_pool.h"

#include <stdatomic.h>

struct file_operation;
struct file_operation_type {
    size_t descriptors;                            // that the operation may have open at a time
    void (*run)(struct file_operation *operation); // in the worker; sets `err` on failure
    void (*on_ran)(struct file_operation *operation);
    // In a worker: closes and removes what was left open when the operation was destroyed; clears `has_open_files`.
    void (*clean)(struct file_operation *operation);
    void (*free)(struct file_operation *operation);
};

struct file_operation {
    const struct file_operation_type *type;
    struct file_manager *manager;
    struct work_item item;
    struct deferred report; // of an operation that could not be submitted
    struct error err;       // its first failure
    bool is_admitted;       // counted, with its descriptors
    bool is_running;
    bool has_open_files; // there is something to clean
    atomic_bool is_abandoned;
};

// If too many operations are there, or too few descriptors, `err` is set and nothing will be run.
void operation_init(struct file_operation *operation, const struct file_operation_type *type,
                    struct file_manager *manager);
// Runs it in a worker; on_ran() is called afterwards, also if no worker could run it, or if `err` is set already.
void operation_submit(struct file_operation *operation);
// Frees it, at once or when the worker has left it. on_ran() is not called any more. If files are open, a worker runs
// clean() first.
void operation_destroy(struct file_operation *operation);
// For long work: whether it can stop.
bool operation_is_abandoned(const struct file_operation *operation);
// Size of the pieces in which files are to be transferred, less if there are many operations.
size_t operation_piece_bytes(const struct file_operation *operation);

// SPDX-License-Identifier: GPL-3.0-or-later
// Worker lanes: what blocks runs in threads of their own, so that the loop never waits. Each lane has its
// queue, so one cannot starve another; a worker begins with the first job and ends after two idle
// seconds, so an idle daemon is one thread.
#pragma once

#include "loop/loop.h"

#include <stddef.h>

struct lane;
struct lane_job;

// Runs in a worker thread: touches only what the job owns.
typedef void (*lane_work_fn)(struct lane_job *job);
// Runs in the loop, exactly once for each job that lane_submit() took, cancelled or not; it may free it.
typedef void (*lane_done_fn)(struct lane_job *job);

// The submitter's structure, embedded in its own.
struct lane_job {
    lane_work_fn work;
    lane_done_fn done;
    bool was_cancelled;    // true in done() if work() never ran
    struct lane_job *next; // private
    int phase;             // private
};

// `threads` at a time (1 keeps the order of jobs), at most `queue_limit` jobs waiting.
struct lane *lane_create(struct loop *loop, const char *name, unsigned threads, size_t queue_limit)
    __attribute__((returns_nonnull));
// Waits for running jobs, cancels waiting ones (their done() is called), frees. NULL is fine.
void lane_destroy(struct lane *lane);
// ERROR_UNAVAILABLE when the queue is full or no thread can be started: done() is not called then.
bool lane_submit(struct lane *lane, struct lane_job *job, struct error *err) NODISCARD;
// A waiting job's done() is called in the next turn with was_cancelled; one that runs goes on. False then.
bool lane_cancel(struct lane *lane, struct lane_job *job);
// Blocks until all submitted jobs have run, then calls their done(): for shutdown only.
void lane_drain(struct lane *lane);

// SPDX-License-Identifier: GPL-3.0-or-later
// The state file. One write serves all modifications since the last one began. At most one write runs, in a worker. If
// it fails, the file stays as it was; it is written again after 1 s, doubled up to 60 s, and at once for each new
// waiter. The first failure is recorded as a warning. The rules are in docs/internals/state.md.
#pragma once

#include "base/clock.h"
#include "base/event.h"
#include "base/list.h"
#include "loop/loop.h"
#include "state/state.h"

struct checkpoint;
struct runner;

// `path` NULL: nothing is written (PEBBLE_PERSIST=never). Removes temporary files of writes that were killed.
struct checkpoint *checkpoint_create(struct loop *loop, struct state *state, const char *path)
    __attribute__((returns_nonnull));
// Takes ownership of the lock on the file (state/state_lock.h), or -1. It is moved to each new file, and ends with the
// checkpoint.
void checkpoint_set_lock(struct checkpoint *checkpoint, int fd);
// Waits for a running write for at most 5 s, or not at all after checkpoint_flush() has timed out, then abandons it.
// Waiters that are left are called back, with is_saved false unless their modifications are on the disk. NULL is fine.
void checkpoint_destroy(struct checkpoint *checkpoint);
// If the runner is due, a snapshot is taken after it, so that tasks that begin at once are in the same write. The
// runner must outlive the checkpoint.
void checkpoint_set_runner(struct checkpoint *checkpoint, struct runner *runner);
// Reads the file into the empty state. A missing file is an empty state. A file that cannot be read (damaged, of a
// newer patch-level: `cannot downgrade: …`, larger than 256 MiB) is an error, and is never overwritten.
bool checkpoint_load(struct checkpoint *checkpoint, struct error *err) NODISCARD;

// Sets the largest size of the file, which is 256 MiB: a larger one is neither read nor written.
void checkpoint_set_limit(struct checkpoint *checkpoint, size_t limit_bytes);

struct checkpoint_wait;
typedef void (*checkpoint_done_fn)(struct checkpoint_wait *wait, bool is_saved);
// Embedded in the waiter's own structure, all zero at first.
struct checkpoint_wait {
    checkpoint_done_fn done;
    struct list link; // private
    uint64_t generation;
    int64_t deadline_ns;
};
// Calls back from the loop, or from checkpoint_destroy(), when every modification until now is on the disk, or, with
// is_saved false, when the first attempt to write it has failed, or has taken CHECKPOINT_WAIT_NS. That is recorded as a
// warning, once for a write.
#define CHECKPOINT_WAIT_NS (4 * NS_PER_S) // clients that wait for five seconds get their response
void checkpoint_wait(struct checkpoint *checkpoint, struct checkpoint_wait *wait, checkpoint_done_fn done);
void checkpoint_wait_cancel(struct checkpoint *checkpoint, struct checkpoint_wait *wait);
bool checkpoint_is_clean(const struct checkpoint *checkpoint); // every modification is on the disk
// Writes what is left, and blocks until it is written: for start-up and shutdown. ERROR_TIMEOUT after `timeout_ms`,
// since a write may hang.
bool checkpoint_flush(struct checkpoint *checkpoint, int timeout_ms, struct error *err);

// A failed attempt to write, unless it was made for a waiter before it was due.
struct checkpoint_failure {
    const char *message; // `cannot write state file: …`
    int64_t retry_ns;    // from now; 0: the write goes on, but is not waited for any longer
};
struct event *checkpoint_failed(struct checkpoint *checkpoint); // argument: const struct checkpoint_failure *

// SPDX-License-Identifier: GPL-3.0-or-later
// The state file, by group commit: memory is the truth; one write serves all changes since the last one
// began. At most one write is under way, in the state lane. When the disk refuses, it is tried again with
// backoff (1 s, doubled up to 60 s) and whenever somebody waits anew; a warning is recorded once, and nothing
// else waits.
#pragma once

#include "base/event.h"
#include "base/list.h"
#include "loop/loop.h"
#include "state/state.h"

struct checkpoint;

// `path` NULL: nothing is ever written (PEBBLE_PERSIST=never). Removes leftovers of killed writes.
struct checkpoint *checkpoint_create(struct loop *loop, struct state *state, const char *path)
    __attribute__((returns_nonnull));
// Waits for a write that is under way; those who still wait are not called.
void checkpoint_destroy(struct checkpoint *checkpoint);
// Reads the file into the empty state: the reference's format (patch-level 2), unknown members are kept.
// A missing file is an empty state. Errors leave the file alone, for good: broken, unreadable, of a newer patch-level
// (`cannot downgrade: …`), too large (256 MiB).
bool checkpoint_load(struct checkpoint *checkpoint, struct error *err) NODISCARD;

struct checkpoint_wait;
typedef void (*checkpoint_done_fn)(struct checkpoint_wait *wait, bool is_saved);
// Embedded in the waiter's own structure, zeroed at first.
struct checkpoint_wait {
    checkpoint_done_fn done;
    struct list link; // private
    uint64_t generation;
};
// Calls back once everything changed until now is on the disk, or when the first attempt to write it failed
// (is_saved false), in a later turn of the loop. Without anything to write: in the next turn.
void checkpoint_wait(struct checkpoint *checkpoint, struct checkpoint_wait *wait, checkpoint_done_fn done);
void checkpoint_wait_cancel(struct checkpoint *checkpoint, struct checkpoint_wait *wait);
bool checkpoint_is_clean(const struct checkpoint *checkpoint); // everything changed is on the disk
// Writes what is left, blocking; for shutdown. At most `timeout_ms` in all, since a write may hang.
bool checkpoint_flush(struct checkpoint *checkpoint, int timeout_ms, struct error *err);

// A failed attempt, for whoever logs it.
struct checkpoint_failure {
    const char *message; // `cannot write state file: …`
    int64_t retry_ns;    // from now
};
struct event *checkpoint_failed(struct checkpoint *checkpoint); // argument: const struct checkpoint_failure *

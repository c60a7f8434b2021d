// SPDX-License-Identifier: GPL-3.0-or-later
// Private to process/: launches programs without blocking the loop. A thread of a worker pool creates the child and
// waits for its exec (vfork semantics), while the loop has the child's PID and can kill it. Each launch has a deadline,
// and each user a limit of launches at a time, so that a user who stops processes between setuid and exec, or has
// programs on a file system that hangs, delays other users little. A killed child that does not return from the kernel
// makes room for the next launch. When a user has too many of them, queued launches fail after twice the deadline.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "loop/loop.h"
#include "process/process.h"
#include "process/reaper.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    LAUNCHES_AT_ONCE = 8,
    LAUNCHES_AT_ONCE_PER_USER = 2, // further ones are queued
    LAUNCHES_HUNG_PER_USER = 16,   // that were killed and hang in the kernel; then the others of the user wait
};
#define LAUNCH_DEADLINE_NS (10 * NS_PER_S)

struct launcher;

struct launcher *launcher_create(struct loop *loop, struct reaper *reaper, int64_t deadline_ns)
    __attribute__((returns_nonnull));
// All launches must be over or cancelled. Waits up to a second for the threads of cancelled launches. Returns false if
// one still hangs in the kernel: the launcher then remains valid, and loop and reaper must remain so. NULL is fine.
bool launcher_destroy(struct launcher *launcher);

struct launch;

// Called from the loop, never from within launch_start(), launch_cancel().
struct launch_handlers {
    // Called before the child is created: opens the child's descriptors and stores them in `spec`. They are closed when
    // the launch is over. If it fails, the launch fails with its error.
    bool (*prepare)(struct process_spec *spec, void *data, struct error *err);
    // The program runs as `pid`, which must be watched now; or `err` is set. The launch is freed afterwards. Called
    // exactly once, unless the launch is cancelled.
    void (*on_done)(pid_t pid, const struct error *err, void *data);
};

// Queues a launch. Copies `spec` except for its descriptors; ENOMEM if there is no memory for words and environment.
bool launch_start(struct launcher *launcher, const struct process_spec *spec, const struct launch_handlers *handlers,
                  void *data, struct launch **launch, struct error *err) NODISCARD;
// The program's path, or while its name has not been found, the name.
const char *launch_path(const struct launch *launch);
// From on_done only, if a cgroup was wanted.
const struct process_cgroup *launch_cgroup(const struct launch *launch);
// Cancels a launch: on_done is not called, a child that exists is killed.
void launch_cancel(struct launch *launch);

// SPDX-License-Identifier: GPL-3.0-or-later
// Private to process/: launches programs without the loop waiting for it. A thread of a worker pool makes the child and
// waits for its exec (vfork), while the loop knows the child's PID and can kill it. Each launch has a deadline, and
// each user a share: who stops his processes between setuid and exec, or has programs on a file system that hangs,
// delays only himself. Where even a killed child does not come back from the kernel, what waits behind it fails in the
// end.
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
    LAUNCHES_AT_ONCE_PER_USER = 2, // the others of this user wait in order
};
#define LAUNCH_DEADLINE_NS (10 * NS_PER_S)

struct launcher;

struct launcher *launcher_create(struct loop *loop, struct reaper *reaper, int64_t deadline_ns)
    __attribute__((returns_nonnull));
// After all launches were called off. Waits a second at most for those under way to be over: false if one hangs in the
// kernel even so. Then the launcher stays, and loop and reaper have to. NULL is fine.
bool launcher_destroy(struct launcher *launcher);

struct launch;

// Called from the loop, never from within launch_start(), launch_call_off().
struct launch_handlers {
    // The launch's turn has come: opens the descriptors that the child gets and puts them into `spec`; they are closed
    // when the launch is over, whatever becomes of it. On failure the launch fails with the error.
    bool (*prepare)(struct process_spec *spec, void *data, struct error *err);
    // The program runs as `pid` (watch it now), or why not. The launch is gone. Exactly once, unless called off.
    void (*on_done)(pid_t pid, const struct error *err, void *data);
};

// Copies what `spec` has; its descriptors do not matter. ENOMEM if words and environment are too large for that.
bool launch_start(struct launcher *launcher, const struct process_spec *spec, const struct launch_handlers *handlers,
                  void *data, struct launch **launch, struct error *err) NODISCARD;
// on_done will not be called. A child that is there is killed.
void launch_call_off(struct launch *launch);

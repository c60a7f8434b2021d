// SPDX-License-Identifier: GPL-3.0-or-later
// Reaps all children: those that were watched, and orphans that PID 1 or a subreaper inherits. It looks
// first (waitid with WNOWAIT), tells the owner, and only then reaps: while the owner is told, neither the
// PID nor its group can have been reused, so it may still signal the group.
#pragma once

#include "loop/loop.h"

#include <sys/resource.h>
#include <sys/types.h>

struct reaper;

// Becomes a subreaper. Watches SIGCHLD.
bool reaper_create(struct loop *loop, struct reaper **reaper, struct error *err) NODISCARD;
void reaper_destroy(struct reaper *reaper); // after all that it watches; NULL is fine

// Raises this process' own limit of descriptors (RLIMIT_NOFILE) as far as it may go. Programs expect the limit
// that the daemon was given: commands get that one.
void reaper_raise_descriptors(struct reaper *reaper);
const struct rlimit *reaper_child_descriptors(const struct reaper *reaper); // NULL if it was not raised

struct child;
// `exit_code`: the status, or 128 + N for death by signal N. The child is forgotten when it returns. It may
// be watched again in here with the next process, or freed after reaper_forget().
typedef void (*child_exit_fn)(struct child *child, int exit_code);
// The owner's structure, embedded in its own; zeroed before first use.
struct child {
    pid_t pid; // 0 once it has ended or was never started
    child_exit_fn on_exit;
    struct child *next; // private
};
// Call right after process_spawn(), in the same turn of the loop.
void reaper_watch(struct reaper *reaper, struct child *child, pid_t pid, child_exit_fn on_exit);
// The owner loses interest: the process will be reaped silently.
void reaper_forget(struct reaper *reaper, struct child *child);
// Signals the process (or its group) if it has not been reaped yet; false with ESRCH else.
bool child_signal(const struct child *child, int signal_number, struct error *err);
bool child_signal_group(const struct child *child, int signal_number, struct error *err);

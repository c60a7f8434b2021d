// SPDX-License-Identifier: GPL-3.0-or-later
// Reaps all children: those that are watched, and orphans that PID 1 or a subreaper inherits. It finds a child that has
// ended with waitid() and WNOWAIT, notifies the owner, and only then reaps: until then neither the PID nor the group ID
// can be reused, so the owner may still signal the group.
//
// Children are created in threads while the loop runs, so a child may run and end before the loop is notified. Its exit
// must not be lost, and its PID must not be reused while the launch may still kill it. Therefore a child is registered
// as expected before it is created, and the kernel writes its PID before it runs. When the reaper finds an expected
// child ended, it stops reaping until the launch is over. That is soon: the end of the child wakes up the thread that
// waits for its exec.
#pragma once

#include "base/event.h"
#include "base/list.h"
#include "loop/loop.h"

#include <sys/resource.h>
#include <sys/types.h>

struct reaper;

// Makes the process a subreaper and watches SIGCHLD.
bool reaper_create(struct loop *loop, struct reaper **reaper, struct error *err) NODISCARD;
void reaper_destroy(struct reaper *reaper); // when no child is watched or expected any more; NULL is fine

// Raises this process' soft limit of descriptors (RLIMIT_NOFILE) to the hard limit. Commands are started with the limit
// that the daemon itself was started with, which programs expect.
void reaper_raise_descriptors(struct reaper *reaper);
const struct rlimit *reaper_child_descriptors(const struct reaper *reaper); // NULL if it was not raised

struct child;
// `exit_code`: the status, or 128 + N for death by signal N. The child is no longer watched when the function returns.
// In the function, the structure may be passed to reaper_watch() for another process, or freed after reaper_forget().
typedef void (*child_exit_fn)(struct child *child, int exit_code);
// Embedded in the owner's structure; zeroed before first use.
struct child {
    pid_t pid; // 0 before it is watched and after its end
    child_exit_fn on_exit;
    struct child *next; // private
    bool is_kept;       // private
};
// To be called in the same turn of the loop in which the process was started or reaper_unexpect() was called.
void reaper_watch(struct reaper *reaper, struct child *child, pid_t pid, child_exit_fn on_exit);
// From on_exit only: delays reaping until reaper_forget(), so that PID and group ID are not reused. While a child is
// kept, every exit costs a look at each child, so this is for rare cases.
void reaper_keep(struct reaper *reaper, struct child *child);
// Stops watching: the process is reaped without a callback.
void reaper_forget(struct reaper *reaper, struct child *child);
// Whether the process is watched or kept, or is being launched.
bool reaper_has_child(const struct reaper *reaper, pid_t pid);
// Emitted without argument after a process has been reaped that was not watched.
struct event *reaper_orphan_ended(struct reaper *reaper);
// Signals the process (or its group) unless it has been reaped (ESRCH).
bool child_signal(const struct child *child, int signal_number, struct error *err);
bool child_signal_group(const struct child *child, int signal_number, struct error *err);

// A child that a thread is about to create. Embedded in the owner's structure; zeroed before first use.
struct expected_child {
    const pid_t *pid; // written by the kernel, 0 until then
    struct list link; // private
};
void reaper_expect(struct reaper *reaper, struct expected_child *expected, const pid_t *pid);
// The launch is over: if a child runs, it must be watched in the same turn of the loop.
void reaper_unexpect(struct reaper *reaper, struct expected_child *expected);

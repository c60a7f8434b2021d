// SPDX-License-Identifier: GPL-3.0-or-later
// Reaps all children: those that were watched, and orphans that PID 1 or a subreaper inherits. It looks
// first (waitid with WNOWAIT), notifies the owner, and only then reaps: meanwhile neither the PID nor its group can
// have been reused, so the owner may still signal the group.
//
// Children are made in threads, while the loop goes on: a child may run and end before the loop knows that there is
// one. Its exit must not get lost, nor its PID be reused while its launch may still kill it. So a child is expected
// before it is made: the kernel writes its PID before it runs, and where the reaper finds an expected child ended, it
// leaves it and all that ended after it alone until the launch is over. That is not long: the thread that waits for
// the child wakes up when the child ends, and nothing but the kernel's scheduler stands in between.
#pragma once

#include "base/list.h"
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
    bool is_kept;       // private
};
// Call in the same turn of the loop in which the process was started, or reaper_unexpect() called.
void reaper_watch(struct reaper *reaper, struct child *child, pid_t pid, child_exit_fn on_exit);
// From on_exit only: the process is not reaped before reaper_forget(), so that its number and its group's stay its own.
// Costs a look at each child whenever one ends, so it is for exceptions.
void reaper_keep(struct reaper *reaper, struct child *child);
// The owner loses interest: the process will be reaped silently.
void reaper_forget(struct reaper *reaper, struct child *child);
// Signals the process (or its group) if it has not been reaped yet; false with ESRCH else.
bool child_signal(const struct child *child, int signal_number, struct error *err);
bool child_signal_group(const struct child *child, int signal_number, struct error *err);

// A child that a thread is about to make. Embedded in its owner's structure; zeroed before first use.
struct expected_child {
    const pid_t *pid; // where the kernel writes it, 0 until then
    struct list link; // private
};
void reaper_expect(struct reaper *reaper, struct expected_child *expected, const pid_t *pid);
// The thread has reported: there is a child (watch it now), or there is none.
void reaper_unexpect(struct reaper *reaper, struct expected_child *expected);

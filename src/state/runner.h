// SPDX-License-Identifier: GPL-3.0-or-later
// The task runner: begins each task when those it waits for are Done. A task's function begins the work and
// reports its end exactly once with task_finish(), at once or later. Failures hold the rest of the lane.
#pragma once

#include "base/error.h"
#include "base/event.h"
#include "loop/loop.h"
#include "state/task.h"

struct runner;

// Begins the work. It must lead to exactly one task_finish(), which may come before this function returns.
// A task that was under way when an earlier daemon ended is begun again.
typedef void (*task_begin_fn)(struct task *task, void *data);
// The task is to be aborted; the work still ends with task_finish(). May be NULL: abort has no effect on it.
typedef void (*task_abort_fn)(struct task *task, void *data);

struct runner *runner_create(struct loop *loop, struct state *state) __attribute__((returns_nonnull));
void runner_destroy(struct runner *runner);
// Tasks of a kind that nobody added are Done at once, with a line in their log.
void runner_add_kind(struct runner *runner, const char *kind, task_begin_fn begin, task_abort_fn abort, void *data);
// Begins the tasks that can begin, in the next turn of the loop. The runner does this by itself when tasks are created
// or end.
void runner_wake(struct runner *runner);
bool runner_is_due(const struct runner *runner); // in the next turn of the loop, or later in this one
// Begins no more tasks. Those that run go on and may be aborted.
void runner_stop(struct runner *runner);
// Argument: none. The runner has begun what it can in this turn of the loop.
struct event *runner_turn_ended(struct runner *runner);
// The task is over: Done, or Error with the message in its log (and in the daemon's log:
// `Change N task (SUMMARY) failed: …`); an aborted one that ended without error is Done. Clears err; NULL is fine.
void task_finish(struct task *task, struct error *err);

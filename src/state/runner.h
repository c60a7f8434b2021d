// SPDX-License-Identifier: GPL-3.0-or-later
// The task runner: begins each task when the tasks that it waits for are Done. The function of the task's kind starts
// the work, whose end is reported exactly once with task_finish(). After a failure the rest of the lane is held.
#pragma once

#include "base/error.h"
#include "base/event.h"
#include "loop/loop.h"
#include "state/task.h"

struct runner;

// Begins the work. Exactly one task_finish() must follow, also before this function returns. A task that was in Doing
// when a previous daemon ended is begun again.
typedef void (*task_begin_fn)(struct task *task, void *data);
// Aborts the work, which still ends with task_finish(). NULL: an abort has no effect on the work.
typedef void (*task_abort_fn)(struct task *task, void *data);

struct runner *runner_create(struct loop *loop, struct state *state) __attribute__((returns_nonnull));
void runner_destroy(struct runner *runner);
// Tasks of a kind that was not added are Done at once, with a line in their log.
void runner_add_kind(struct runner *runner, const char *kind, task_begin_fn begin, task_abort_fn abort, void *data);
// Begins the tasks that can begin, in the next turn of the loop. The runner does this by itself when tasks are created
// or end.
void runner_wake(struct runner *runner);
bool runner_is_due(const struct runner *runner); // will run in the next turn of the loop, or later in this one
// Begins no more tasks. Running ones continue and may be aborted.
void runner_stop(struct runner *runner);
// Argument: none. The runner has begun the tasks of this turn of the loop.
struct event *runner_turn_ended(struct runner *runner);
// Ends a task: without an error it is Done, also when it was aborted. With an error it is Error; the message is added
// to its log and to the daemon's (`Change N task (SUMMARY) failed: …`). Clears err; NULL is fine.
void task_finish(struct task *task, struct error *err);

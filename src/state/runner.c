// SPDX-License-Identifier: GPL-3.0-or-later
#include "state/runner.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "state/change_internal.h"

// To begin a task may take a quarter of a millisecond; requests are handled in between.
#define BEGINS_PER_TURN 4

struct task_kind {
    task_begin_fn begin;
    task_abort_fn abort;
    void *data;
};

struct runner {
    struct loop *loop;
    struct state *state;
    struct map kinds; // name -> struct task_kind
    struct listener work;
    struct deferred turn;
    bool is_stopped;
    struct event turn_ended;
};

static struct task *next_task(struct list *list) {
    struct task *task = LIST_ITEM(list->next, struct task, run_link);
    list_remove(&task->run_link);
    return task;
}

static void runner_abort(struct runner *runner, struct task *task) {
    const struct task_kind *kind = map_get(&runner->kinds, task->kind);
    if (kind != NULL && kind->abort != NULL)
        kind->abort(task, kind->data);
}

static void runner_begin(struct runner *runner, struct task *task) {
    const struct task_kind *kind = map_get(&runner->kinds, task->kind);
    task->is_running = true;
    task->begun_ns = clock_monotonic_ns();
    task_set_status(task, STATUS_DOING);
    if (kind != NULL) {
        kind->begin(task, kind->data);
        return;
    }
    task_log_info(task, "no handler for task \"%s\", task ignored", task->kind);
    task_finish(task, NULL);
}

// Handles a task by its status, which a previous daemon may have left.
static void runner_resume(struct runner *runner, struct task *task) {
    if (task->status == STATUS_ABORT)
        task_set_status(task, STATUS_HOLD);
    else if (task->status == STATUS_UNDO || task->status == STATUS_UNDOING)
        task_set_status(task, STATUS_DONE); // no kind can be undone
    else
        runner_begin(runner, task);
}

static void runner_turn(struct deferred *deferred) {
    struct runner *runner = CONTAINER_OF(deferred, struct runner, turn);
    while (!list_is_empty(&runner->state->aborting))
        runner_abort(runner, next_task(&runner->state->aborting));
    struct list *runnable = &runner->state->runnable;
    for (int i = 0; i < BEGINS_PER_TURN && !runner->is_stopped && !list_is_empty(runnable); i++)
        runner_resume(runner, next_task(runnable));
    if (!runner->is_stopped && !list_is_empty(runnable))
        runner_wake(runner);
    event_emit(&runner->turn_ended, NULL);
}

static void on_work_added(struct listener *listener, void *argument UNUSED) {
    runner_wake(CONTAINER_OF(listener, struct runner, work));
}

struct runner *runner_create(struct loop *loop, struct state *state) {
    struct runner *runner = memory_new(sizeof *runner);
    runner->loop = loop;
    runner->state = state;
    map_init(&runner->kinds, free);
    event_init(&runner->turn_ended);
    event_add(&state->work_added, &runner->work, on_work_added);
    runner_wake(runner);
    return runner;
}

void runner_destroy(struct runner *runner) {
    if (runner == NULL)
        return;
    loop_defer_cancel(runner->loop, &runner->turn);
    event_remove(&runner->work);
    map_finish(&runner->kinds);
    free(runner);
}

void runner_add_kind(struct runner *runner, const char *kind, task_begin_fn begin, task_abort_fn abort, void *data) {
    struct task_kind *entry = memory_new(sizeof *entry);
    *entry = (struct task_kind){.begin = begin, .abort = abort, .data = data};
    map_set(&runner->kinds, kind, entry);
}

void runner_wake(struct runner *runner) {
    loop_defer(runner->loop, &runner->turn, runner_turn);
}

bool runner_is_due(const struct runner *runner) {
    return runner->turn.is_waiting;
}

struct event *runner_turn_ended(struct runner *runner) {
    return &runner->turn_ended;
}

void runner_stop(struct runner *runner) {
    runner->is_stopped = true;
}

static void task_fail(struct task *task, const struct error *err) {
    struct change *change = task->change;
    // The other tasks first: a listener of state_change_ready() must see their final status.
    change_abort_lanes_of(task);
    task_log_error(task, "%s", error_text(err));
    log_notice("Change %s task (%s) failed: %s", change->id, task->summary, error_text(err));
    task->is_running = false;
    task_set_status(task, STATUS_ERROR);
}

void task_finish(struct task *task, struct error *err) {
    assert(task->is_running);
    task->doing_ns += clock_monotonic_ns() - task->begun_ns;
    if (error_is_set(err)) {
        task_fail(task, err);
        error_clear(err);
        return;
    }
    // The work has been done in spite of the abort, and cannot be undone.
    if (task->status == STATUS_ABORT)
        task_set_status(task, STATUS_UNDO);
    task->is_running = false;
    task_set_status(task, STATUS_DONE);
}

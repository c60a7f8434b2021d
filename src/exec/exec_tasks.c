// SPDX-License-Identifier: GPL-3.0-or-later
// The task "exec". Declared in exec/exec_internal.h.
#include "exec/exec_internal.h"

#include "base/log.h"
#include "exec/exec_machine_internal.h"
#include "state/change.h"

// A task without a command is that of a previous daemon. The command is not run again.
static void begin_exec(struct task *task, void *data) {
    struct exec_manager *manager = data;
    struct exec *exec = map_get(&manager->execs, task_id(task));
    AUTO_ERROR struct error err = {0};
    if (exec != NULL) {
        exec_handle(exec, EVENT_BEGIN);
        return;
    }
    if (manager->is_stopping)
        error_set(&err, ERROR_CANCELLED, "context canceled");
    else
        log_debug("Exec %s: not run again", task_id(task));
    task_finish(task, &err);
}

static void abort_exec(struct task *task, void *data) {
    struct exec_manager *manager = data;
    struct exec *exec = map_get(&manager->execs, task_id(task));
    if (exec != NULL)
        exec_handle(exec, EVENT_ABORT);
}

// The change has ended by an abort before its task has begun.
static void on_change_ready(struct listener *listener, void *argument) {
    struct exec_manager *manager = CONTAINER_OF(listener, struct exec_manager, on_change_ready);
    const struct task *task = change_task(argument, 0);
    struct exec *exec = task != NULL ? map_get(&manager->execs, task_id(task)) : NULL;
    if (exec != NULL)
        exec_handle(exec, EVENT_DROP);
}

void exec_tasks_register(struct exec_manager *manager) {
    runner_add_kind(manager->spec.runner, "exec", begin_exec, abort_exec, manager);
    event_add(state_change_ready(manager->spec.state), &manager->on_change_ready, on_change_ready);
}

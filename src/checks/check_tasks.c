// SPDX-License-Identifier: GPL-3.0-or-later
// The tasks perform-check and recover-check. Declared in checks/check_internal.h.
#include "checks/check_internal.h"

#include "checks/check_machine_internal.h"
#include "state/change.h"

// The check whose current change this is. NULL if the check was stopped before the task began.
static struct check *owner_of(const struct check_manager *manager, const struct change *change) {
    const json_t *data = change_data(change, "notice-data");
    const char *name = json_string_value(json_object_get(data, "check-name"));
    struct check *check = name != NULL ? map_get(&manager->checks, name) : NULL;
    return check != NULL && check->task != NULL && task_change(check->task) == change ? check : NULL;
}

static void begin_task(struct task *task, void *data) {
    struct check *check = owner_of(data, task_change(task));
    if (check != NULL)
        check_handle(check, EVENT_BEGUN);
    else
        task_finish(task, NULL);
}

static void abort_task(struct task *task, void *data) {
    struct check *check = owner_of(data, task_change(task));
    if (check != NULL)
        check_handle(check, EVENT_STOP);
}

// The change has ended by an abort before its task has begun.
static void on_change_ready(struct listener *listener, void *argument) {
    struct check_manager *manager = CONTAINER_OF(listener, struct check_manager, on_change_ready);
    struct check *check = owner_of(manager, argument);
    if (check != NULL)
        check_handle(check, EVENT_STOP);
}

static bool hold_change(struct change *change, void *data UNUSED) {
    bool is_of_check =
        text_equal(change_kind(change), "perform-check") || text_equal(change_kind(change), "recover-check");
    if (is_of_check && !change_is_ready(change))
        (void)!change_abort(change, NULL);
    return true;
}

void check_tasks_register(struct check_manager *manager) {
    runner_add_kind(manager->spec.runner, "perform-check", begin_task, abort_task, manager);
    runner_add_kind(manager->spec.runner, "recover-check", begin_task, abort_task, manager);
    event_add(state_change_ready(manager->spec.state), &manager->on_change_ready, on_change_ready);
    state_each_change(manager->spec.state, hold_change, NULL); // those that an earlier daemon was at when it was killed
}

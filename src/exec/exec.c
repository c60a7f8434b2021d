// SPDX-License-Identifier: GPL-3.0-or-later
// A command: turns timers and the callbacks of its job into events. Declared in exec/exec_internal.h.
#include "exec/exec_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "exec/exec_machine_internal.h"

// --- the job's callbacks ---

static void on_job_launched(struct job *job UNUSED, void *data) {
    exec_handle(data, EVENT_LAUNCHED);
}

static void on_job_failed(struct job *job UNUSED, const struct error *err, void *data) {
    struct exec *exec = data;
    (void)error_copy(&exec->failure, err);
    exec_handle(exec, EVENT_LAUNCH_FAILED);
}

static void on_job_exited(struct job *job UNUSED, int exit_code, void *data) {
    struct exec *exec = data;
    exec->exit_code = exit_code;
    exec->has_exit_code = true;
    exec_handle(exec, EVENT_EXITED);
}

static void on_job_ended(struct job *job UNUSED, const struct job_end *end, void *data) {
    struct exec *exec = data;
    if (end->has_timed_out)
        (void)error_set(&exec->failure, ERROR_TIMEOUT, "timed out");
    exec_handle(exec, EVENT_OUTPUT_ENDED);
}

static const struct job_handlers job_handlers = {
    .on_launched = on_job_launched, .on_failed = on_job_failed, .on_exited = on_job_exited, .on_ended = on_job_ended};

// --- creating and destroying ---

static void on_removal_due(struct deferred *deferred) {
    exec_destroy(CONTAINER_OF(deferred, struct exec, removal));
}

static void on_wait_over(void *data) {
    exec_handle(data, EVENT_WAIT_OVER);
}

struct exec *exec_create(struct exec_manager *manager, struct task *task, const struct exec_options *options) {
    struct exec *exec = memory_new(sizeof *exec);
    exec->manager = manager;
    list_init(&exec->link);
    exec->task = task;
    exec->id = memory_string(task_id(task));
    exec->options = *options;
    exec->job_handlers = &job_handlers;
    exec->on_removal_due = on_removal_due;
    exec_streams_create(exec);
    exec->timer = timer_create_in(manager->spec.loop, on_wait_over, exec);
    map_set(&manager->execs, exec->id, exec);
    return exec;
}

void exec_destroy(struct exec *exec) {
    loop_defer_cancel(exec->manager->spec.loop, &exec->removal);
    list_remove(&exec->link);
    (void)map_remove(&exec->manager->execs, exec->id);
    exec->manager->spec.jobs->destroy(exec->job);
    exec_input_close(exec);
    exec_streams_release(exec->streams, WEBSOCKET_CODE_GOING_AWAY);
    timer_destroy(exec->timer);
    text_list_clear(&exec->words);
    run_as_finish(&exec->run_as);
    error_clear(&exec->failure);
    free(exec->pending.kinds);
    free(exec->id);
    free(exec);
}

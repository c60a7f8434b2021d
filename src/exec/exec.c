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
    (void)error_set(&exec->failure, err->kind, "%s", error_text(err));
    exec->failure.errnum = err->errnum;
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

// What a background process writes to the terminal after the end of the command is not waited for.
bool exec_launch(struct exec *exec, struct error *err) {
    const struct exec_manager_spec *manager = &exec->manager->spec;
    const struct exec_options *options = &exec->options;
    const struct job_spec spec = {
        .words = &exec->words,
        .run_as = &exec->run_as,
        .search_path = getenv("PATH"),
        .group = PROCESS_OWN_SESSION,
        .input = JOB_INPUT_PIPE,
        .terminal = {.is_wanted = options->is_terminal,
                     .takes_input = options->is_interactive,
                     .is_controlling = options->is_interactive,
                     .columns = options->columns,
                     .rows = options->rows},
        .output = exec_stream_sink(exec, EXEC_STDIO),
        .errors = exec_stream_sink(exec, EXEC_STDERR),
        .deadline_ns = options->timeout_ns,
        .output_wait_ns = options->is_terminal ? 0 : EXEC_OUTPUT_WAIT_NS,
    };
    bool is_started = manager->jobs->start(manager->context, &spec, &job_handlers, exec, &exec->job, err);
    text_list_clear(&exec->words);
    run_as_finish(&exec->run_as);
    return is_started;
}

// --- creating and destroying ---

static void on_connect_wait_over(void *data) {
    exec_handle(data, EVENT_CONNECT_TIMEOUT);
}

struct exec *exec_create(struct exec_manager *manager, struct task *task, const struct exec_options *options) {
    struct exec *exec = memory_new(sizeof *exec);
    exec->manager = manager;
    list_init(&exec->link);
    exec->task = task;
    exec->id = memory_string(task_id(task));
    exec->options = *options;
    exec_streams_create(exec);
    exec->connect_timer = timer_create_in(manager->spec.loop, on_connect_wait_over, exec);
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
    timer_destroy(exec->connect_timer);
    text_list_clear(&exec->words);
    run_as_finish(&exec->run_as);
    error_clear(&exec->failure);
    free(exec->pending.kinds);
    free(exec->id);
    free(exec);
}

static void on_removal_due(struct deferred *deferred) {
    exec_destroy(CONTAINER_OF(deferred, struct exec, removal));
}

static void on_idle_due(struct deferred *deferred) {
    struct exec_manager *manager = CONTAINER_OF(deferred, struct exec_manager, idle_emission);
    if (!exec_manager_is_busy(manager))
        event_emit(&manager->idle, NULL);
}

void exec_remove(struct exec *exec) {
    struct exec_manager *manager = exec->manager;
    (void)map_remove(&manager->execs, exec->id);
    list_add(&manager->over, &exec->link);
    loop_defer(manager->spec.loop, &exec->removal, on_removal_due);
    if (!exec_manager_is_busy(manager))
        loop_defer(manager->spec.loop, &manager->idle_emission, on_idle_due);
}

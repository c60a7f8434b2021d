// SPDX-License-Identifier: GPL-3.0-or-later
#include "exec/exec_actions_internal.h"

#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

#define CONNECT_FAILURE "timeout waiting for websocket connections: context deadline exceeded"

static const struct exec_jobs *jobs_of(const struct exec *exec) {
    return exec->manager->spec.jobs;
}

// --- ends ---

// Removes the command from the manager. It is freed in the next turn.
static void remove_exec(struct exec *exec) {
    struct exec_manager *manager = exec->manager;
    (void)map_remove(&manager->execs, exec->id);
    list_add(&manager->over, &exec->link);
    loop_defer(manager->spec.loop, &exec->removal, exec->on_removal_due);
    if (manager->execs.count == 0)
        loop_defer(manager->spec.loop, &manager->idle_emission, manager->on_idle_due);
}

static void release(struct exec *exec) {
    timer_stop(exec->timer);
    jobs_of(exec)->destroy(TAKE(exec->job));
    exec_input_close(exec);
    exec_streams_release(exec->streams, exec->manager->is_stopping ? WEBSOCKET_CODE_GOING_AWAY : WEBSOCKET_CODE_NORMAL);
    remove_exec(exec);
}

static enum exec_event_kind finish(struct exec *exec) {
    struct task *task = exec->task;
    AUTO_ERROR struct error failure = {0};
    if (error_is_set(&exec->failure))
        error_move(&failure, &exec->failure);
    if (exec->has_exit_code)
        task_set_data(task, "api-data", json_pack("{s:i}", "exit-code", exec->exit_code));
    release(exec);
    task_finish(task, &failure);
    return EVENT_NONE;
}

static void set_failure_code(struct exec *exec) {
    exec->exit_code = -1;
    exec->has_exit_code = true;
}

enum exec_event_kind exec_action_finish(struct exec *exec) {
    return finish(exec);
}

enum exec_event_kind exec_action_drop(struct exec *exec) {
    release(exec);
    return EVENT_NONE;
}

// --- before the launch ---

enum exec_event_kind exec_action_connect(struct exec *exec) {
    timer_start(exec->timer, EXEC_CONNECT_WAIT_NS);
    return exec_streams_are_connected(exec) ? EVENT_CONNECTED : EVENT_NONE;
}

enum exec_event_kind exec_action_time_out(struct exec *exec) {
    log_notice("Exec %s: " CONNECT_FAILURE, exec->id);
    error_set(&exec->failure, ERROR_TIMEOUT, "exec %s: " CONNECT_FAILURE, exec->id);
    return finish(exec);
}

enum exec_event_kind exec_action_cancel(struct exec *exec) {
    error_set(&exec->failure, ERROR_CANCELLED, "context canceled");
    return finish(exec);
}

// --- the launch ---

// What a background process writes to the terminal after the end of the command is not waited for.
static bool launch(struct exec *exec, struct error *err) {
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
    bool is_started = manager->jobs->start(manager->context, &spec, exec->job_handlers, exec, &exec->job, err);
    text_list_clear(&exec->words);
    run_as_finish(&exec->run_as);
    return is_started;
}

static void describe_timeout(struct exec *exec) {
    char timeout[DURATION_TEXT_SIZE];
    duration_format(exec->options.timeout_ns, timeout);
    error_set(&exec->failure, ERROR_TIMEOUT, "timed out after %s: context deadline exceeded", timeout);
}

enum exec_event_kind exec_action_launch(struct exec *exec) {
    timer_stop(exec->timer);
    if (exec->options.timeout_ns < 0)
        describe_timeout(exec);
    else if (launch(exec, &exec->failure))
        return EVENT_NONE;
    return EVENT_LAUNCH_FAILED;
}

enum exec_event_kind exec_action_cancel_launch(struct exec *exec) {
    error_set(&exec->failure, ERROR_CANCELLED, "context canceled");
    return exec_action_send_end(exec);
}

enum exec_event_kind exec_action_stop_launch(struct exec *exec) {
    error_set(&exec->failure, ERROR_CANCELLED, "context canceled");
    set_failure_code(exec);
    exec_streams_send_end(exec);
    return finish(exec);
}

// --- the process ---

enum exec_event_kind exec_action_run(struct exec *exec) {
    exec->pid = jobs_of(exec)->pid(exec->job);
    exec_input_open(exec);
    exec_streams_begin(exec);
    return EVENT_NONE;
}

// The process may have moved to another group.
enum exec_event_kind exec_action_kill(struct exec *exec) {
    exec->was_killed = true;
    (void)jobs_of(exec)->signal_group(exec->job, SIGKILL, NULL);
    (void)jobs_of(exec)->signal(exec->job, SIGKILL, NULL);
    return EVENT_NONE;
}

enum exec_event_kind exec_action_drain(struct exec *exec) {
    exec_input_close(exec);
    if (exec->was_killed)
        timer_start(exec->timer, EXEC_LAST_OUTPUT_WAIT_NS);
    return EVENT_NONE;
}

enum exec_event_kind exec_action_send_end(struct exec *exec) {
    if (error_is_set(&exec->failure)) {
        // The deadline of the job, not that of a launch.
        if (exec->failure.kind == ERROR_TIMEOUT && exec->failure.errnum == 0)
            describe_timeout(exec);
        set_failure_code(exec);
    }
    jobs_of(exec)->destroy(TAKE(exec->job));
    exec_streams_send_end(exec);
    return exec_streams_are_sent(exec) ? EVENT_SENT : EVENT_NONE;
}

// Other processes of the command would go on writing to a pipe that nobody reads.
enum exec_event_kind exec_action_give_up_output(struct exec *exec) {
    (void)jobs_of(exec)->signal_group(exec->job, SIGKILL, NULL);
    exec_streams_send_end(exec);
    return finish(exec);
}

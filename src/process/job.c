// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/list.h"
#include "base/memory.h"
#include "process/job_internal.h"
#include "process/pty_internal.h"

// --- states ---

static void set_state(struct job *job, enum job_state state) {
    job->state = state;
    if (state != JOB_RUNNING && job->deadline != NULL)
        timer_stop(job->deadline);
}

static void close_outputs(struct job *job) {
    for (size_t i = 0; i < JOB_STREAMS; i++)
        job_output_destroy(TAKE(job->outputs[i]));
}

static void fail(struct job *job, const struct error *err) {
    set_state(job, JOB_OVER);
    close_outputs(job);
    file_close_at(&job->input_fd);
    job->handlers->on_failed(job, err, job->data);
}

static void end(struct deferred *deferred) {
    struct job *job = CONTAINER_OF(deferred, struct job, end);
    // From here on, PID and group ID may be reused.
    reaper_forget(job->context->spec.reaper, &job->child);
    set_state(job, JOB_OVER);
    if (job->is_abandoned) {
        job_destroy(job);
        return;
    }
    struct job_end result = {
        .exit_code = job->exit_code,
        // The process may have ended by itself before the signal arrived.
        .has_timed_out = job->was_killed && job->exit_code == 128 + SIGKILL,
    };
    job->handlers->on_ended(job, &result, job->data);
}

static bool has_output(const struct job *job) {
    return job->outputs[JOB_OUTPUT] != NULL || job->outputs[JOB_ERRORS] != NULL;
}

static void end_if_complete(struct job *job) {
    if (job->state == JOB_EXITED && !has_output(job) && job->tree == NULL)
        loop_defer(job->context->spec.loop, &job->end, end);
}

static void end_output(struct job *job, enum job_stream which) {
    job_output_destroy(TAKE(job->outputs[which]));
    end_if_complete(job);
}

static void on_tree_gone(void *data) {
    struct job *job = data;
    process_tree_destroy(TAKE(job->tree));
    end_if_complete(job);
}

static void on_output_ended(struct job_output *output, void *data) {
    struct job *job = data;
    end_output(job, output == job->outputs[JOB_OUTPUT] ? JOB_OUTPUT : JOB_ERRORS);
}

static void on_output_wait_over(void *data) {
    struct job *job = data;
    for (size_t i = 0; i < JOB_STREAMS; i++) {
        if (job->outputs[i] != NULL)
            job_output_finish(job->outputs[i]);
    }
}

static void on_child_exited(struct child *child, int exit_code) {
    struct job *job = CONTAINER_OF(child, struct job, child);
    job->exit_code = exit_code;
    set_state(job, JOB_EXITED);
    // Output that has ended already needs no wait.
    for (size_t i = 0; i < JOB_STREAMS; i++) {
        if (job->outputs[i] != NULL)
            job_output_read(job->outputs[i]);
    }
    if (has_output(job) || job->tree != NULL)
        reaper_keep(job->context->spec.reaper, child);
    if (has_output(job)) {
        job->output_wait = timer_create_in(job->context->spec.loop, on_output_wait_over, job);
        timer_start(job->output_wait, job->spec.output_wait_ns);
    }
    if (job->tree != NULL)
        process_tree_main_ended(job->tree);
    end_if_complete(job);
    if (job->handlers->on_exited != NULL && !job->is_abandoned)
        job->handlers->on_exited(job, exit_code, job->data);
}

static void on_deadline_expired(void *data) {
    struct job *job = data;
    if (job->state == JOB_LAUNCHING) {
        AUTO_ERROR struct error err = {0};
        error_set(&err, ERROR_TIMEOUT, "fork/exec %s: timed out", launch_path(job->launch));
        launch_cancel(TAKE(job->launch));
        fail(job, &err);
        return;
    }
    job->was_killed = true;
    // The process may have moved to another group.
    child_signal_group(&job->child, SIGKILL, NULL);
    child_signal(&job->child, SIGKILL, NULL);
}

// --- launching ---

// Descriptors are opened here and not in job_start(), so that queued launches hold none.
static bool on_launch_begun(struct process_spec *spec, void *data, struct error *err) {
    return job_open_descriptors(data, spec, err);
}

static void on_launch_done(pid_t pid, const struct error *err, void *data) {
    struct job *job = data;
    if (err == NULL && job->tree != NULL)
        process_tree_launched(job->tree, pid, launch_cgroup(job->launch));
    job->launch = NULL;
    if (err != NULL) {
        fail(job, err);
        return;
    }
    set_state(job, JOB_RUNNING);
    reaper_watch(job->context->spec.reaper, &job->child, pid, on_child_exited);
    for (size_t i = 0; i < JOB_STREAMS; i++) {
        if (!job->is_paused[i] && job->outputs[i] != NULL)
            job_output_resume(job->outputs[i]);
    }
    job->handlers->on_launched(job, job->data);
}

static bool start_launch(struct job *job, const struct job_spec *spec, struct error *err) {
    static const struct launch_handlers handlers = {.prepare = on_launch_begun, .on_done = on_launch_done};
    static char *const no_candidates[] = {NULL};
    const char *program = spec->words->items[0];
    AUTO_TEXT_LIST struct text_list candidates = {0};
    // A path is executed unchecked: it may be relative to the command's directory.
    bool is_name = strchr(program, '/') == NULL;
    if (job->tree != NULL)
        environment_set(spec->run_as->environment, TREE_VARIABLE, process_tree_mark(job->tree));
    if (is_name)
        process_list_candidates(program, spec->search_path, &candidates);
    char *const *searched = candidates.count > 0 ? candidates.items : no_candidates;
    struct process_spec process = {
        .path = program,
        .candidates = is_name ? searched : NULL,
        .argv = spec->words->items,
        .envp = environment_list(spec->run_as->environment),
        .directory = spec->run_as->directory,
        .account = spec->run_as->account,
        .group = spec->group,
        .descriptors = reaper_child_descriptors(job->context->spec.reaper),
        .extra_number = spec->extra_number,
        .takes_terminal = spec->terminal.is_wanted && spec->terminal.is_controlling,
    };
    if (job->tree != NULL)
        process_tree_prepare(job->tree, &process);
    return launch_start(job->context->launcher, &process, &handlers, job, &job->launch, err);
}

static void job_free(struct job *job) {
    process_tree_destroy(job->tree);
    job_give_back_descriptors(job);
    timer_destroy(job->deadline);
    timer_destroy(job->output_wait);
    free(job);
}

bool job_start(struct job_context *context, const struct job_spec *spec, const struct job_handlers *handlers,
               void *data, struct job **out, struct error *err) {
    struct job *job = memory_new(sizeof *job);
    job->context = context;
    job->spec = *spec;
    job->spec.words = NULL;
    job->spec.run_as = NULL;
    job->spec.search_path = NULL;
    job->spec.tree = NULL;
    if (spec->tree != NULL)
        job->tree = process_tree_create(context->trees, spec->tree, on_tree_gone, job);
    job->handlers = handlers;
    job->data = data;
    job->input_fd = -1;
    job->on_output_ended = on_output_ended;
    list_init(&job->link);
    if (!job_take_descriptors(job, spec, err) || !start_launch(job, spec, err)) {
        job_free(job);
        return false;
    }
    if (spec->deadline_ns > 0) {
        job->deadline = timer_create_in(context->spec.loop, on_deadline_expired, job);
        timer_start(job->deadline, spec->deadline_ns);
    }
    *out = job;
    return true;
}

// --- the owner's calls ---

void job_destroy(struct job *job) {
    if (job == NULL)
        return;
    if (job->launch != NULL)
        launch_cancel(job->launch);
    reaper_forget(job->context->spec.reaper, &job->child);
    loop_defer_cancel(job->context->spec.loop, &job->end);
    list_remove(&job->link);
    close_outputs(job);
    file_close_at(&job->input_fd);
    job_free(job);
}

void job_abandon(struct job *job) {
    if (job == NULL)
        return;
    if (job->state != JOB_RUNNING && job->state != JOB_EXITED) {
        job_destroy(job);
        return;
    }
    job->is_abandoned = true;
    list_add(&job->context->abandoned, &job->link);
    file_close_at(&job->input_fd);
    for (size_t i = 0; i < JOB_STREAMS; i++) {
        if (job->outputs[i] != NULL)
            job_output_drop(job->outputs[i]);
    }
    process_tree_destroy(TAKE(job->tree));
    end_if_complete(job);
}

pid_t job_pid(const struct job *job) {
    return job->state == JOB_RUNNING ? job->child.pid : 0;
}

bool job_signal(struct job *job, int signal_number, struct error *err) {
    if (job->state != JOB_RUNNING)
        return error_set_errno(err, ESRCH, "cannot send signal %d", signal_number);
    return child_signal(&job->child, signal_number, err);
}

bool job_signal_group(struct job *job, int signal_number, struct error *err) {
    return child_signal_group(&job->child, signal_number, err);
}

bool job_signal_tree(struct job *job, int signal_number, struct error *err) {
    // One that has moved to another process group is signalled with the rest of the tree.
    bool is_apart = job->tree != NULL && job->state == JOB_RUNNING && getpgid(job->child.pid) != job->child.pid;
    bool is_sent = child_signal_group(&job->child, signal_number, is_apart ? NULL : err);
    if (job->tree != NULL)
        process_tree_signal(job->tree, signal_number);
    return is_sent || is_apart;
}

void job_scan_tree(struct job *job) {
    if (job->tree != NULL)
        process_tree_scan(job->tree);
}

int job_take_input(struct job *job) {
    int fd = job->input_fd;
    job->input_fd = -1;
    return fd;
}

bool job_resize(struct job *job, unsigned columns, unsigned rows, struct error *err) {
    if (!job->spec.terminal.is_wanted)
        return error_set(err, ERROR_BAD_REQUEST, "terminal: there is none");
    if (job->outputs[JOB_OUTPUT] != NULL)
        return pty_resize(job_output_fd(job->outputs[JOB_OUTPUT]), columns, rows, err);
    if (job->state == JOB_LAUNCHING && columns > 0 && rows > 0) {
        job->spec.terminal.columns = columns;
        job->spec.terminal.rows = rows;
        return true;
    }
    return error_set_errno(err, EIO, "terminal");
}

void job_pause_output(struct job *job, enum job_stream which) {
    job->is_paused[which] = true;
    if (job->outputs[which] != NULL)
        job_output_pause(job->outputs[which]);
}

void job_resume_output(struct job *job, enum job_stream which) {
    job->is_paused[which] = false;
    if (job->outputs[which] != NULL && job->state != JOB_LAUNCHING)
        job_output_resume(job->outputs[which]);
}

void job_close_output(struct job *job, enum job_stream which) {
    if (job->outputs[which] != NULL)
        end_output(job, which);
}

// --- the context ---

struct job_context *job_context_create(const struct job_context_spec *spec) {
    struct job_context *context = memory_new(sizeof *context);
    context->spec = *spec;
    context->launcher = launcher_create(spec->loop, spec->reaper,
                                        spec->launch_deadline_ns > 0 ? spec->launch_deadline_ns : LAUNCH_DEADLINE_NS);
    context->trees = tree_worker_create(&(const struct tree_worker_spec){
        .loop = spec->loop, .reaper = spec->reaper, .on_note = spec->on_tree_note, .data = spec->tree_note_data});
    list_init(&context->abandoned);
    return context;
}

bool job_context_destroy(struct job_context *context) {
    if (context == NULL)
        return true;
    struct job *job;
    LIST_FOR_EACH (job, &context->abandoned, link)
        job_destroy(job);
    if (!launcher_destroy(context->launcher) || !tree_worker_destroy(context->trees))
        return false;
    free(context);
    return true;
}

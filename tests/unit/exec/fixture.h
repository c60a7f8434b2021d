// SPDX-License-Identifier: GPL-3.0-or-later
// Commands, and clients at the other ends of socket pairs. fixture_begin(): on virtual time with simulated jobs; no
// program is run. fixture_begin_real(): with processes.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../http/websocket_peer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "exec/exec_machine_internal.h"
#include "state/change.h"

// --- jobs ---

// What a job does is the command's second word: "run" until it is told to end, "slow" to be launched, "unlaunchable",
// "refused" by job_start(), "immortal". All end by SIGKILL but the last.
struct job {
    struct fixture *fixture;
    char *behaviour;
    struct job_spec spec;
    const struct job_handlers *handlers;
    void *data;
    struct deferred step;
    bool is_launched, is_killed, has_exited, has_terminal;
    bool is_paused[JOB_STREAMS], is_closed[JOB_STREAMS];
    int input_fd;
};

struct fixture {
    struct loop *loop;
    struct reaper *reaper; // NULL with simulated jobs
    struct job_context *context;
    struct state *state;
    struct runner *runner;
    struct descriptor_budget *descriptors;
    struct plan *plan;
    struct exec_manager *manager;
    struct job *job; // of the last command, until it is destroyed
    int input_fd;    // its reading end
    int jobs_started, jobs_destroyed, signals[65];
    unsigned columns, rows;
    bool is_idle; // exec_manager_idle() was emitted
    struct listener on_idle;
    struct buffer log;
};

static struct fixture *job_fixture; // for the functions without an argument

static inline void on_job_step(struct deferred *step) {
    struct job *job = CONTAINER_OF(step, struct job, step);
    if (text_equal(job->behaviour, "unlaunchable")) {
        AUTO_ERROR struct error err = {0};
        (void)error_set(&err, ERROR_INTERNAL, "fork/exec /x: exec format error");
        job->handlers->on_failed(job, &err, job->data);
    } else if (!job->is_launched) {
        job->is_launched = true;
        job->handlers->on_launched(job, job->data);
    } else if (job->is_killed && !job->has_exited) {
        job->has_exited = true;
        loop_defer(job->fixture->loop, step, on_job_step);
        job->handlers->on_exited(job, 128 + SIGKILL, job->data);
    } else if (job->has_exited) {
        const struct job_end end = {.exit_code = 128 + SIGKILL};
        job->handlers->on_ended(job, &end, job->data);
    }
}

static inline bool fake_start(struct job_context *context UNUSED, const struct job_spec *spec,
                              const struct job_handlers *handlers, void *data, struct job **out, struct error *err) {
    struct fixture *fixture = job_fixture;
    const char *behaviour = spec->words->count > 1 ? spec->words->items[1] : "run";
    if (text_equal(behaviour, "refused"))
        return error_set(err, ERROR_UNAVAILABLE, "pipe: too many open files");
    struct job *job = memory_new(sizeof *job);
    *job = (struct job){.fixture = fixture, .behaviour = memory_string(behaviour), .spec = *spec, .data = data};
    job->handlers = handlers;
    job->has_terminal = spec->terminal.is_wanted;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(fixture->input_fd, -1);
    fixture->input_fd = ends[0];
    job->input_fd = ends[1];
    if (!text_equal(behaviour, "slow"))
        loop_defer(fixture->loop, &job->step, on_job_step);
    fixture->jobs_started++;
    *out = fixture->job = job;
    return true;
}

static inline void fake_destroy(struct job *job) {
    if (job == NULL)
        return;
    job->fixture->jobs_destroyed++;
    loop_defer_cancel(job->fixture->loop, &job->step);
    file_close_at(&job->input_fd);
    file_close_at(&job->fixture->input_fd);
    job->fixture->job = NULL;
    free(job->behaviour);
    free(job);
}

static inline pid_t fake_pid(const struct job *job UNUSED) {
    return 4711;
}

static inline bool fake_signal(struct job *job, int number, struct error *err) {
    if (!job->is_launched || job->has_exited)
        return error_set_errno(err, ESRCH, "cannot send signal %d", number);
    job->fixture->signals[number]++;
    job->is_killed = job->is_killed || (number == SIGKILL && !text_equal(job->behaviour, "immortal"));
    if (job->is_killed)
        loop_defer(job->fixture->loop, &job->step, on_job_step);
    return true;
}

static inline bool fake_signal_group(struct job *job, int number, struct error *err UNUSED) {
    job->fixture->signals[number]++;
    return true;
}

static inline int fake_take_input(struct job *job) {
    int fd = job->input_fd;
    job->input_fd = -1;
    return fd;
}

static inline bool fake_resize(struct job *job, unsigned columns, unsigned rows, struct error *err) {
    if (columns == 0 || rows == 0)
        return error_set(err, ERROR_BAD_REQUEST, "terminal: a size has columns and rows");
    job->fixture->columns = columns;
    job->fixture->rows = rows;
    return true;
}

static inline void fake_pause_output(struct job *job, enum job_stream which) {
    job->is_paused[which] = true;
}

static inline void fake_resume_output(struct job *job, enum job_stream which) {
    assert_true(job->is_paused[which]);
    job->is_paused[which] = false;
}

static inline void fake_close_output(struct job *job, enum job_stream which) {
    job->is_closed[which] = true;
}

static const struct exec_jobs fake_jobs = {
    .start = fake_start,
    .destroy = fake_destroy,
    .pid = fake_pid,
    .signal = fake_signal,
    .signal_group = fake_signal_group,
    .take_input = fake_take_input,
    .resize = fake_resize,
    .pause_output = fake_pause_output,
    .resume_output = fake_resume_output,
    .close_output = fake_close_output,
};

// The command writes.
static inline void job_write(struct fixture *fixture, enum job_stream which, const char *bytes, size_t length) {
    const struct job *job = fixture->job;
    const struct job_sink *sink = which == JOB_OUTPUT ? &job->spec.output : &job->spec.errors;
    assert_false(job->is_paused[which] || job->is_closed[which]);
    sink->write(sink->data, bytes, length);
}

static inline void job_write_text(struct fixture *fixture, enum job_stream which, const char *text) {
    job_write(fixture, which, text, strlen(text));
    loop_run_pending(fixture->loop);
}

static inline void job_exit(struct fixture *fixture, int exit_code) {
    struct job *job = fixture->job;
    job->has_exited = true;
    job->handlers->on_exited(job, exit_code, job->data);
    loop_run_pending(fixture->loop);
}

static inline void job_end_output_after(struct fixture *fixture, const struct job_end *end) {
    struct job *job = fixture->job;
    job->handlers->on_ended(job, end, job->data);
    loop_run_pending(fixture->loop);
}

static inline void job_end_output(struct fixture *fixture, int exit_code) {
    const struct job_end end = {.exit_code = exit_code};
    job_end_output_after(fixture, &end);
}

// Both, as most commands end.
static inline void job_end(struct fixture *fixture, int exit_code) {
    job_exit(fixture, exit_code);
    job_end_output(fixture, exit_code);
}

// --- the fixture ---

static inline void fixture_log(void *data, const char *line, size_t length) {
    struct fixture *fixture = data;
    buffer_add(&fixture->log, line, length);
}

static inline void note_idle(struct listener *listener, void *argument UNUSED) {
    CONTAINER_OF(listener, struct fixture, on_idle)->is_idle = true;
}

static inline struct plan *fixture_plan(const char *yaml) {
    struct layer_list layers = {0};
    struct layer *layer = NULL;
    assert_true(layer_parse(1, "base", yaml, strlen(yaml), &layer, NULL));
    layers.items = memory_new(sizeof *layers.items);
    layers.items[0] = layer;
    layers.count = layers.capacity = 1;
    struct plan *plan = NULL;
    assert_true(plan_combine(&layers, &plan, NULL));
    layers_clear(&layers);
    return plan;
}

static inline void fixture_open(struct fixture *fixture) {
    *fixture = (struct fixture){.input_fd = -1};
    job_fixture = fixture;
    (void)signal(SIGPIPE, SIG_IGN); // as the daemon does
    buffer_init(&fixture->log, BUFFER_NO_LIMIT);
    log_set_sink(fixture_log, fixture);
    assert_true(loop_create(&fixture->loop, NULL));
    fixture->state = state_create();
    fixture->runner = runner_create(fixture->loop, fixture->state);
    fixture->descriptors = descriptor_budget_create(4096);
    fixture->plan =
        fixture_plan("services: {web: {override: replace, command: web, working-dir: /, environment: {A: 1}}}");
}

static inline void fixture_create_manager(struct fixture *fixture, const struct exec_jobs *jobs) {
    fixture->manager = exec_manager_create(&(const struct exec_manager_spec){.loop = fixture->loop,
                                                                             .state = fixture->state,
                                                                             .runner = fixture->runner,
                                                                             .context = fixture->context,
                                                                             .jobs = jobs,
                                                                             .descriptors = fixture->descriptors});
    event_add(exec_manager_idle(fixture->manager), &fixture->on_idle, note_idle);
}

static inline void fixture_begin(struct fixture *fixture) {
    fixture_open(fixture);
    loop_use_test_clock(fixture->loop);
    fixture_create_manager(fixture, &fake_jobs);
}

static inline void fixture_begin_real(struct fixture *fixture) {
    fixture_open(fixture);
    assert_true(reaper_create(fixture->loop, &fixture->reaper, NULL));
    fixture->context = job_context_create(&(const struct job_context_spec){
        .loop = fixture->loop, .reaper = fixture->reaper, .descriptors = fixture->descriptors});
    fixture_create_manager(fixture, &exec_jobs);
}

static inline void fixture_end(struct fixture *fixture) {
    event_remove(&fixture->on_idle);
    exec_manager_destroy(fixture->manager);
    assert_true(job_context_destroy(fixture->context));
    reaper_destroy(fixture->reaper);
    runner_destroy(fixture->runner);
    state_destroy(fixture->state);
    plan_release(fixture->plan);
    loop_destroy(fixture->loop);
    size_t left = descriptor_budget_left(fixture->descriptors, DESCRIPTORS_PROCESSES);
    descriptor_budget_destroy(fixture->descriptors);
    fixture->descriptors = descriptor_budget_create(4096);
    assert_int_equal(left, descriptor_budget_left(fixture->descriptors, DESCRIPTORS_PROCESSES));
    descriptor_budget_destroy(fixture->descriptors);
    assert_int_equal(fixture->jobs_started, fixture->jobs_destroyed);
    log_set_sink(NULL, NULL);
    buffer_finish(&fixture->log);
}

static inline bool fixture_has_logged(const struct fixture *fixture, const char *text) {
    return strstr(buffer_text(&fixture->log), text) != NULL;
}

// --- starting ---

struct start_result {
    bool is_reported;
    char *id; // of the task; NULL on failure
    struct change *change;
    char *environment, *directory;
    struct error err;
};

static inline void on_start_reported(const struct exec_started *started, const struct error *err, void *data) {
    struct start_result *result = data;
    assert_false(result->is_reported);
    result->is_reported = true;
    if (started == NULL) {
        (void)error_copy(&result->err, err);
        return;
    }
    AUTO_BUFFER struct buffer environment = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (char *const *variable = started->environment; *variable != NULL; variable++)
        buffer_printf(&environment, "%s\n", *variable);
    result->environment = buffer_take(&environment);
    result->directory = memory_string(started->directory);
    result->id = memory_string(task_id(started->task));
    result->change = (struct change *)(uintptr_t)started->change;
}

static inline void start_result_finish(struct start_result *result) {
    free(result->id);
    free(result->environment);
    free(result->directory);
    error_clear(&result->err);
}
#define AUTO_START_RESULT CLEANUP(start_result_finish)

// Starts `/bin/sh BEHAVIOUR`, unless the request has a command, and waits for the report.
static inline void fixture_start(struct fixture *fixture, const char *behaviour, const struct exec_request *request,
                                 struct start_result *result) {
    struct run_context none = {.environment = MAP_INIT(free)};
    AUTO_TEXT_LIST struct text_list command = {0};
    text_list_add(&command, "/bin/sh");
    text_list_add(&command, behaviour);
    struct exec_request whole = *request;
    if (whole.command == NULL)
        whole.command = &command;
    if (whole.overrides == NULL)
        whole.overrides = &none;
    struct exec_start *start = NULL;
    *result = (struct start_result){0};
    if (!exec_start(fixture->manager, fixture->plan, &whole, on_start_reported, result, &start, &result->err))
        fail_msg("%s", error_text(&result->err));
    assert_false(result->is_reported);
    while (!result->is_reported)
        uv_run(loop_uv(fixture->loop), UV_RUN_ONCE);
    loop_run_pending(fixture->loop);
}

// --- clients ---

static inline struct exec_stream *fixture_reserve(struct fixture *fixture, const char *id, const char *name) {
    struct exec_stream *stream = NULL;
    AUTO_ERROR struct error err = {0};
    if (!exec_reserve_stream(fixture->manager, id, name, &stream, &err))
        fail_msg("%s", error_text(&err));
    return stream;
}

// The session is the stream's; the peer is the caller's to close.
static inline struct websocket_peer fixture_connect_stream(struct fixture *fixture, struct exec_stream *stream) {
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    exec_stream_connect(stream,
                        websocket_create(fixture->loop, stream_create(fixture->loop, pair[0], STREAM_UNIX), "", 0));
    loop_run_pending(fixture->loop);
    return peer_open(pair[1]);
}

static inline struct websocket_peer fixture_connect(struct fixture *fixture, const char *id, const char *name) {
    return fixture_connect_stream(fixture, fixture_reserve(fixture, id, name));
}

// A command with its client.
struct session {
    struct fixture *fixture;
    struct start_result started;
    struct websocket_peer stdio, errors, control;
    bool splits_errors;
};

// Starts a command and connects all that it needs, and control.
static inline struct session session_begin(struct fixture *fixture, const char *behaviour,
                                           const struct exec_request *request) {
    struct session session = {.fixture = fixture, .splits_errors = request->splits_errors};
    fixture_start(fixture, behaviour, request, &session.started);
    if (session.started.id == NULL)
        fail_msg("%s", error_text(&session.started.err));
    session.control = fixture_connect(fixture, session.started.id, "control");
    session.errors.fd = -1;
    if (request->splits_errors)
        session.errors = fixture_connect(fixture, session.started.id, "stderr");
    session.stdio = fixture_connect(fixture, session.started.id, "stdio");
    return session;
}

// Runs both sides until none has anything to do.
static inline void session_run(struct session *session) {
    bool has_taken;
    do {
        loop_run_pending(session->fixture->loop);
        has_taken = session->stdio.fd >= 0 && peer_take(&session->stdio);
        has_taken |= session->control.fd >= 0 && peer_take(&session->control);
        has_taken |= session->errors.fd >= 0 && peer_take(&session->errors);
    } while (has_taken);
}

static inline void session_end(struct session *session) {
    peer_close(&session->stdio);
    peer_close(&session->control);
    if (session->splits_errors)
        peer_close(&session->errors);
    loop_run_pending(session->fixture->loop);
    start_result_finish(&session->started);
}

// "Done {...}" or "Error {...} message".
static inline char *result_of(const struct change *change) {
    const struct task *task = change_task(change, 0);
    AUTO_FREE char *error = change_error(change);
    const json_t *data = task_data(task, "api-data");
    char *code = data != NULL ? memory_printf("%lld", (long long)json_integer_value(json_object_get(data, "exit-code")))
                              : memory_string("none");
    const char *message = error != NULL ? strchr(error, '(') : NULL;
    char *text = memory_printf("%s %s%s%s", status_name(change_status(change)), code, message != NULL ? " " : "",
                               message != NULL ? message : "");
    free(code);
    return text;
}

static inline void assert_result(const struct change *change, const char *expected) {
    AUTO_FREE char *result = result_of(change);
    assert_string_equal(result, expected);
}

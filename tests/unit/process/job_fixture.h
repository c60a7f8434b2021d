// SPDX-License-Identifier: GPL-3.0-or-later
// Jobs on a real loop, with real processes: /bin/sh has to be there.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "process/job.h"

static struct loop *loop;
static struct reaper *reaper;
static struct job_context *context;
static struct run_as run_as;
static struct text_list words;

// One job, and what was called back.
struct fixture {
    struct job *job;
    struct buffer output, errors;
    int launched, failed, exited, ended;
    pid_t pid;
    int exit_code;
    bool has_timed_out;
    struct error err;
    // When to let go of the job, and how.
    enum { NEVER, WHEN_LAUNCHED, WHEN_FAILED, WHEN_EXITED, WHEN_ENDED } when;
    void (*let_go)(struct job *job);
};

static inline void open_context(const struct job_context_spec *spec) {
    struct job_context_spec complete = *spec;
    assert_true(loop_create(&loop, NULL));
    assert_true(reaper_create(loop, &reaper, NULL));
    complete.loop = loop;
    complete.reaper = reaper;
    context = job_context_create(&complete);
    run_as.environment = environment_create(NULL);
}

static inline int setup(void **state UNUSED) {
    open_context(&(struct job_context_spec){0});
    return 0;
}

static inline int teardown(void **state UNUSED) {
    run_as_finish(&run_as);
    text_list_clear(&words);
    bool is_destroyed = job_context_destroy(context);
    reaper_destroy(reaper);
    loop_destroy(loop);
    return is_destroyed ? 0 : -1;
}

static inline void collect(void *data, const char *bytes, size_t length) {
    buffer_add(data, bytes, length);
}

static inline void let_go_when(struct fixture *fixture, int when) {
    if ((int)fixture->when == when)
        fixture->let_go(TAKE(fixture->job));
    loop_stop(loop);
}

static inline void on_job_launched(struct job *job, void *data) {
    struct fixture *fixture = data;
    assert_ptr_equal(job, fixture->job);
    assert_int_equal(fixture->launched++ + fixture->failed + fixture->exited + fixture->ended, 0);
    fixture->pid = job_pid(job);
    assert_true(fixture->pid > 0);
    let_go_when(fixture, WHEN_LAUNCHED);
}

static inline void on_job_failed(struct job *job, const struct error *err, void *data) {
    struct fixture *fixture = data;
    assert_ptr_equal(job, fixture->job);
    assert_int_equal(fixture->failed++ + fixture->launched + fixture->exited + fixture->ended, 0);
    assert_int_equal(job_pid(job), 0);
    error_set(&fixture->err, err->kind, "%s", err->message);
    fixture->err.errnum = err->errnum;
    let_go_when(fixture, WHEN_FAILED);
}

static inline void on_job_exited(struct job *job, int exit_code, void *data) {
    struct fixture *fixture = data;
    assert_ptr_equal(job, fixture->job);
    assert_int_equal(fixture->exited++ + fixture->failed + fixture->ended, 0);
    assert_int_equal(fixture->launched, 1);
    assert_int_equal(job_pid(job), 0);
    fixture->exit_code = exit_code;
    let_go_when(fixture, WHEN_EXITED);
}

static inline void on_job_ended(struct job *job, const struct job_end *end, void *data) {
    struct fixture *fixture = data;
    assert_ptr_equal(job, fixture->job);
    assert_int_equal(fixture->ended++ + fixture->failed, 0);
    assert_int_equal(fixture->exited, 1);
    assert_int_equal(end->exit_code, fixture->exit_code);
    fixture->has_timed_out = end->has_timed_out;
    let_go_when(fixture, WHEN_ENDED);
}

static const struct job_handlers handlers = {
    .on_launched = on_job_launched,
    .on_failed = on_job_failed,
    .on_exited = on_job_exited,
    .on_ended = on_job_ended,
};

// A shell with a script. Its output is collected; standard error joins it.
static inline struct job_spec script_spec(struct fixture *fixture, const char *script) {
    buffer_init(&fixture->output, BUFFER_NO_LIMIT);
    buffer_init(&fixture->errors, BUFFER_NO_LIMIT);
    text_list_clear(&words);
    text_list_add(&words, "sh");
    text_list_add(&words, "-c");
    text_list_add(&words, script);
    return (struct job_spec){
        .words = &words,
        .run_as = &run_as,
        .search_path = "/usr/bin:/bin",
        .output = {.write = collect, .data = &fixture->output},
        .output_wait_ns = 60 * NS_PER_S,
    };
}

static inline void start(struct fixture *fixture, const struct job_spec *spec) {
    AUTO_ERROR struct error err = {0};
    if (!job_start(context, spec, &handlers, fixture, &fixture->job, &err))
        fail_msg("%s", error_text(&err));
    assert_int_equal(fixture->launched + fixture->failed, 0);
    assert_int_equal(job_pid(fixture->job), 0);
}

static inline void run_until(const int *count) {
    while (*count == 0)
        loop_run(loop);
}

static inline void run_until_text(const struct buffer *buffer, const char *text) {
    while (strstr(buffer_text(buffer), text) == NULL)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static inline void finish(struct fixture *fixture) {
    job_destroy(fixture->job);
    buffer_finish(&fixture->output);
    buffer_finish(&fixture->errors);
    error_clear(&fixture->err);
}

static inline void run_to_end(struct fixture *fixture, const struct job_spec *spec) {
    start(fixture, spec);
    run_until(&fixture->ended);
}

static inline void check_script(struct job_spec (*change)(struct job_spec spec), const char *script,
                                const char *expected) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, script);
    if (change != NULL)
        spec = change(spec);
    run_to_end(&fixture, &spec);
    assert_string_equal(buffer_text(&fixture.output), expected);
    assert_int_equal(fixture.exit_code, 0);
    finish(&fixture);
}

static inline bool is_gone(pid_t pid) {
    return kill(pid, 0) != 0 && errno == ESRCH;
}

static inline size_t count_descriptors(void) {
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

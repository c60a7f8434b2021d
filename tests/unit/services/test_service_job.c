// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <unistd.h>

#include "process/job.h"
#include "process/reaper.h"
#include "services/service_job.h"

// The daemon's launcher, with real processes. Needs /bin/sh.
struct real {
    struct loop *loop;
    struct reaper *reaper;
    struct job_context *jobs;
    struct service_launcher launcher;
    struct plan *plan;
    struct buffer output;
    char *failure;
    int exit_code; // -1 while it runs
    bool is_launched, has_main_ended;
};

static void real_begin(struct real *real, const char *yaml) {
    *real = (struct real){.exit_code = -1};
    assert_true(loop_create(&real->loop, NULL));
    assert_true(reaper_create(real->loop, &real->reaper, NULL));
    real->jobs = job_context_create(&(const struct job_context_spec){.loop = real->loop, .reaper = real->reaper});
    real->launcher = service_job_launcher(real->jobs);
    real->plan = fixture_plan(yaml);
    buffer_init(&real->output, BUFFER_NO_LIMIT);
}

static void real_end(struct real *real) {
    assert_true(job_context_destroy(real->jobs));
    reaper_destroy(real->reaper);
    loop_destroy(real->loop);
    plan_release(real->plan);
    buffer_finish(&real->output);
    free(real->failure);
}

static void on_process_launched(void *data) {
    ((struct real *)data)->is_launched = true;
}

static void on_process_failed(const struct error *err, void *data) {
    struct real *real = data;
    real->failure = memory_string(error_text(err));
    loop_stop(real->loop);
}

static void on_main_process_ended(int exit_code UNUSED, void *data) {
    ((struct real *)data)->has_main_ended = true;
}

static void on_process_ended(int exit_code, void *data) {
    struct real *real = data;
    real->exit_code = exit_code;
    loop_stop(real->loop);
}

static const struct service_process_handlers handlers = {
    .on_process_launched = on_process_launched,
    .on_process_failed = on_process_failed,
    .on_main_process_ended = on_main_process_ended,
    .on_process_ended = on_process_ended,
};

static void write_output(void *data, const char *bytes, size_t length) {
    buffer_add(&((struct real *)data)->output, bytes, length);
}

static bool real_start(struct real *real, struct service_process **process, struct error *err) {
    const struct service_process_spec spec = {
        .config = plan_find_service(real->plan, "one"),
        .workload = plan_find_workload(real->plan, "box"),
        .output = {.write = write_output, .data = real},
        .output_wait_ns = 100 * NS_PER_MS,
    };
    return real->launcher.start(&real->launcher, &spec, &handlers, real, process, err);
}

static void environment_is_daemons_then_workloads_then_services(void **state UNUSED) {
    assert_int_equal(setenv("FROM_DAEMON", "1", 1), 0);
    assert_int_equal(setenv("BOTH", "daemon", 1), 0);
    struct real real;
    real_begin(&real, "workloads:\n  box: {override: replace, environment: {BOTH: box, BOX: b}}\n"
                      "services:\n  one: {override: replace, workload: box, environment: {BOTH: service, EMPTY: ''},"
                      " command: \"sh -c 'echo $FROM_DAEMON $BOTH $BOX ${EMPTY-unset} $1' x '$HOME'\"}\n");
    struct service_process *process = NULL;
    assert_true(real_start(&real, &process, NULL));
    assert_false(real.is_launched);
    loop_run(real.loop);
    assert_true(real.is_launched);
    assert_int_equal(real.exit_code, 0);
    assert_string_equal(buffer_text(&real.output), "1 service b $HOME\n");
    real_end(&real);
}

static void signals_reach_the_group(void **state UNUSED) {
    struct real real;
    real_begin(&real, "services:\n  one: {override: replace, command: sleep 1000}\n");
    struct service_process *process = NULL;
    assert_true(real_start(&real, &process, NULL));
    while (!real.is_launched)
        uv_run(loop_uv(real.loop), UV_RUN_ONCE);
    assert_true(real.launcher.signal(process, SIGCONT, NULL));
    assert_true(real.launcher.signal_group(process, SIGKILL, NULL));
    loop_run(real.loop);
    assert_int_equal(real.exit_code, 128 + SIGKILL);
    real_end(&real);
}

static void the_end_of_the_tree_is_awaited(void **state UNUSED) {
    struct real real;
    real_begin(&real, "services:\n  one: {override: replace, kill-mode: mixed,"
                      " command: \"sh -c 'setsid sleep 1000 & exit 3'\"}\n");
    struct service_process *process = NULL;
    assert_true(real_start(&real, &process, NULL));
    while (!real.has_main_ended)
        uv_run(loop_uv(real.loop), UV_RUN_ONCE);
    loop_run_pending(real.loop);
    assert_int_equal(real.exit_code, -1);
    real.launcher.scan_tree(process);
    assert_true(real.launcher.signal_tree(process, SIGTERM, NULL));
    loop_run(real.loop);
    assert_int_equal(real.exit_code, 3);
    real_end(&real);
}

static void failures_name_what_is_wrong(void **state UNUSED) {
    struct real real;
    struct service_process *process = NULL;
    AUTO_ERROR struct error err = {0};
    real_begin(&real, "services:\n  one: {override: replace, command: sleep 1, user: no-such-user-here}\n");
    assert_false(real_start(&real, &process, &err));
    assert_string_equal(error_text(&err), "user: unknown user no-such-user-here");
    real_end(&real);
    real_begin(&real, "services:\n  one: {override: replace, command: no-such-program}\n");
    assert_true(real_start(&real, &process, NULL));
    loop_run(real.loop);
    assert_string_equal(real.failure,
                        "cannot start service: exec: \"no-such-program\": executable file not found in $PATH");
    real_end(&real);
    real_begin(&real, "services:\n  one: {override: replace, command: /no/such/program}\n");
    assert_true(real_start(&real, &process, NULL));
    loop_run(real.loop);
    assert_string_equal(real.failure, "cannot start service: fork/exec /no/such/program: no such file or directory");
    real_end(&real);
}

static void an_abandoned_process_is_not_reported(void **state UNUSED) {
    struct real real;
    real_begin(&real, "services:\n  one: {override: replace, command: \"sh -c 'exit 3'\"}\n");
    struct service_process *process = NULL;
    assert_true(real_start(&real, &process, NULL));
    real.launcher.abandon(process);
    real.launcher.abandon(NULL);
    real.launcher.destroy(NULL);
    loop_run_pending(real.loop);
    assert_int_equal(real.exit_code, -1);
    assert_null(real.failure);
    real_end(&real);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(environment_is_daemons_then_workloads_then_services),
        cmocka_unit_test(signals_reach_the_group),
        cmocka_unit_test(the_end_of_the_tree_is_awaited),
        cmocka_unit_test(failures_name_what_is_wrong),
        cmocka_unit_test(an_abandoned_process_is_not_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

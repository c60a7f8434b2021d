// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

struct ended {
    bool is_launched;
    bool is_ended;
    int exit_code;
    char *failure; // owned
};

static void on_launched(void *data) {
    struct ended *ended = data;
    assert_false(ended->is_launched);
    ended->is_launched = true;
}

static void on_failed(void *data, const struct error *err) {
    struct ended *ended = data;
    assert_false(ended->is_launched || ended->is_ended);
    ended->is_ended = true;
    ended->failure = memory_string(error_text(err));
}

static void on_ended(void *data, int exit_code) {
    struct ended *ended = data;
    assert_true(ended->is_launched);
    assert_false(ended->is_ended);
    ended->is_ended = true;
    ended->exit_code = exit_code;
}

static const struct service_process_handlers handlers = {
    .on_launched = on_launched,
    .on_failed = on_failed,
    .on_ended = on_ended,
};

static struct service_process *start(struct fixture *fixture, struct ring *ring, struct ended *ended, int64_t wait_ns) {
    struct service_process_spec spec = {
        .jobs = fixture->manager->jobs,
        .config = plan_find_service(fixture->plan, "one"),
        .workload = plan_find_workload(fixture->plan, "box"),
        .output = {.ring = ring},
        .output_wait_ns = wait_ns,
    };
    struct service_process *process = NULL;
    AUTO_ERROR struct error err = {0};
    if (!service_process_start(&spec, &handlers, ended, &process, &err))
        fail_msg("start: %s", error_text(&err));
    return process;
}

static void assert_output(struct ring *ring, const char *wanted) {
    AUTO_TEXT_LIST struct text_list lines = {0};
    assert_false(ring_last_lines(ring, 100, &lines));
    AUTO_FREE char *text = text_list_join(&lines, "|");
    assert_string_equal(text, wanted);
}

static void environment_is_daemons_then_workloads_then_services(void **unused UNUSED) {
    assert_int_equal(setenv("FROM_DAEMON", "1", 1), 0);
    assert_int_equal(setenv("BOTH", "daemon", 1), 0);
    struct fixture fixture;
    fixture_begin(&fixture,
                  "workloads:\n  box: {override: replace, environment: {BOTH: box, BOX: b}}\n"
                  "services:\n  one: {override: replace, workload: box, environment: {BOTH: service, EMPTY: ''},"
                  " command: \"sh -c 'echo $FROM_DAEMON $BOTH $BOX ${EMPTY-unset} $1' x '$HOME'\"}\n");
    struct ring *ring = log_store_open(fixture.logs, "one");
    struct ended ended = {0};
    start(&fixture, ring, &ended, NS_PER_S);
    RUN_UNTIL(&fixture, ended.is_ended);
    assert_int_equal(ended.exit_code, 0);
    assert_output(ring, "1 service b $HOME");
    fixture_end(&fixture);
}

static void death_by_signal_is_128_and_more(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: \"sh -c 'kill -9 $$'\"}\n");
    struct ended ended = {0};
    start(&fixture, log_store_open(fixture.logs, "one"), &ended, NS_PER_S);
    RUN_UNTIL(&fixture, ended.is_ended);
    assert_int_equal(ended.exit_code, 137);
    fixture_end(&fixture);
}

static void held_pipe_is_waited_for_only_so_long(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(
        &fixture,
        "services:\n  one: {override: replace, command: \"sh -c 'setsid sleep 71.4 & echo said; exit 4'\"}\n");
    struct ring *ring = log_store_open(fixture.logs, "one");
    struct ended ended = {0};
    start(&fixture, ring, &ended, 100 * NS_PER_MS);
    RUN_UNTIL(&fixture, ended.is_ended);
    assert_int_equal(ended.exit_code, 4);
    assert_output(ring, "said");
    fixture_end(&fixture);
    assert_int_equal(system("pkill -9 -f '^sleep 71.4$' || true"), 0);
}

static void an_abandoned_process_ends_unheard(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: \"sh -c 'echo last'\"}\n");
    struct ring *ring = log_store_open(fixture.logs, "one");
    struct ended ended = {0};
    struct service_process *process = start(&fixture, ring, &ended, NS_PER_S);
    RUN_UNTIL(&fixture, ended.is_launched);
    pid_t pid = service_process_pid(process);
    assert_true(pid > 0);
    service_process_abandon(process);
    RUN_UNTIL(&fixture, kill(pid, 0) != 0);
    loop_run_pending(fixture.loop);
    assert_false(ended.is_ended);
    fixture_end(&fixture);
}

static void a_signal_waits_for_the_launch(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: sleep 1000}\n");
    struct ended ended = {0};
    struct service_process *process = start(&fixture, log_store_open(fixture.logs, "one"), &ended, NS_PER_S);
    assert_false(service_process_signal(process, SIGTERM, NULL));
    assert_true(service_process_signal_group(process, SIGTERM, NULL));
    RUN_UNTIL(&fixture, ended.is_ended);
    assert_int_equal(ended.exit_code, 128 + SIGTERM);
    fixture_end(&fixture);
}

static void a_failing_launch_is_said(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: /no/such/program}\n");
    struct ended ended = {0};
    start(&fixture, log_store_open(fixture.logs, "one"), &ended, NS_PER_S);
    RUN_UNTIL(&fixture, ended.is_ended);
    assert_string_equal(ended.failure, "cannot start service: fork/exec /no/such/program: no such file or directory");
    free(ended.failure);
    fixture_end(&fixture);
}

static void a_wrong_user_is_said(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: sleep 1, user: no-such-user-here}\n");
    struct service_process_spec spec = {
        .jobs = fixture.manager->jobs,
        .config = plan_find_service(fixture.plan, "one"),
        .output = {.ring = log_store_open(fixture.logs, "one")},
    };
    struct service_process *process = NULL;
    AUTO_ERROR struct error err = {0};
    assert_false(service_process_start(&spec, &handlers, NULL, &process, &err));
    assert_null(process);
    assert_string_equal(error_text(&err), "user: unknown user no-such-user-here");
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(environment_is_daemons_then_workloads_then_services),
        cmocka_unit_test(death_by_signal_is_128_and_more),
        cmocka_unit_test(held_pipe_is_waited_for_only_so_long),
        cmocka_unit_test(an_abandoned_process_ends_unheard),
        cmocka_unit_test(a_signal_waits_for_the_launch),
        cmocka_unit_test(a_failing_launch_is_said),
        cmocka_unit_test(a_wrong_user_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

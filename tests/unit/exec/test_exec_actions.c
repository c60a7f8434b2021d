// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#define END "text {\"command\":\"end\"}\n"
#define NO_CONNECTION "Error none (exec 1: timeout waiting for websocket connections: context deadline exceeded)"

static const struct exec_request plain = {0};
static const struct exec_request split = {.splits_errors = true};

static void abort_change(struct fixture *fixture, struct change *change) {
    assert_true(change_abort(change, NULL));
    loop_run_pending(fixture->loop);
}

// --- before the launch ---

static void runs_and_reports_the_exit_code(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &split);
    const struct change *change = session.started.change;
    assert_string_equal(change_summary(change), "Execute command \"/bin/sh\"");
    assert_int_equal(change_status(change), STATUS_DOING);
    job_write_text(&fixture, JOB_OUTPUT, "out");
    job_write_text(&fixture, JOB_ERRORS, "err");
    job_end(&fixture, 42);
    session_run(&session);
    assert_result(change, "Done 42");
    assert_string_equal(buffer_text(&session.stdio.data), "out");
    assert_string_equal(buffer_text(&session.errors.data), "err");
    assert_string_equal(buffer_text(&session.stdio.events), END "close 1000\n");
    assert_string_equal(buffer_text(&session.errors.events), END "close 1000\n");
    assert_string_equal(buffer_text(&session.control.events), "close 1000\n");
    assert_true(fixture.is_idle);
    session_end(&session);
    fixture_end(&fixture);
}

static void waits_five_seconds_for_sessions(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct start_result started;
    fixture_start(&fixture, "run", &split, &started);
    struct websocket_peer control = fixture_connect(&fixture, started.id, "control");
    struct websocket_peer stdio = fixture_connect(&fixture, started.id, "stdio");
    loop_advance(fixture.loop, 5 * NS_PER_S - 1);
    assert_int_equal(change_status(started.change), STATUS_DOING);
    loop_advance(fixture.loop, 1);
    assert_result(started.change, NO_CONNECTION);
    assert_true(fixture_has_logged(&fixture, "Exec 1: timeout waiting for websocket connections"));
    assert_int_equal(fixture.jobs_started, 0);
    (void)peer_take(&stdio);
    assert_string_equal(buffer_text(&stdio.events), "close 1000\n");
    peer_close(&stdio);
    peer_close(&control);
    start_result_finish(&started);
    fixture_end(&fixture);
}

static void launches_without_control(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct start_result started;
    fixture_start(&fixture, "run", &split, &started);
    struct websocket_peer errors = fixture_connect(&fixture, started.id, "stderr");
    assert_int_equal(fixture.jobs_started, 0);
    struct websocket_peer stdio = fixture_connect(&fixture, started.id, "stdio");
    assert_int_equal(fixture.jobs_started, 1);
    loop_advance(fixture.loop, 100 * NS_PER_S);
    job_end(&fixture, 0);
    assert_result(started.change, "Done 0");
    peer_close(&stdio);
    peer_close(&errors);
    start_result_finish(&started);
    fixture_end(&fixture);
}

static void passes_the_options_to_the_job(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(
        &fixture, "run",
        &(const struct exec_request){
            .is_terminal = true, .is_interactive = true, .timeout_ns = 7 * NS_PER_S, .width = 100000, .height = -1});
    const struct job_spec *spec = &fixture.job->spec;
    assert_int_equal(spec->group, PROCESS_OWN_SESSION);
    assert_int_equal(spec->input, JOB_INPUT_PIPE);
    assert_true(spec->terminal.is_wanted && spec->terminal.takes_input && spec->terminal.is_controlling);
    assert_int_equal(spec->terminal.columns, 65535);
    assert_int_equal(spec->terminal.rows, 0);
    assert_null(spec->errors.write);
    assert_int_equal(spec->deadline_ns, 7 * NS_PER_S);
    assert_int_equal(spec->output_wait_ns, 0); // a background process is not waited for
    job_end(&fixture, 0);
    session_end(&session);
    struct session pipes = session_begin(&fixture, "run", &split);
    spec = &fixture.job->spec;
    assert_false(spec->terminal.is_wanted);
    assert_non_null(spec->errors.write);
    assert_int_equal(spec->output_wait_ns, 5 * NS_PER_S);
    job_end(&fixture, 0);
    session_end(&pipes);
    fixture_end(&fixture);
}

// --- failures ---

static void check_failure(const char *behaviour, const struct exec_request *request, const char *result) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, behaviour, request);
    session_run(&session);
    assert_result(session.started.change, result);
    assert_string_equal(buffer_text(&session.stdio.events), END "close 1000\n");
    assert_int_equal(session.stdio.data.length, 0);
    session_end(&session);
    fixture_end(&fixture);
}

static void reports_failed_launches(void **state UNUSED) {
    check_failure("unlaunchable", &plain, "Error -1 (fork/exec /x: exec format error)");
    check_failure("refused", &plain, "Error -1 (pipe: too many open files)");
    check_failure("run", &(const struct exec_request){.timeout_ns = -NS_PER_S},
                  "Error -1 (timed out after -1s: context deadline exceeded)");
}

static void reports_a_timeout(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session =
        session_begin(&fixture, "run", &(const struct exec_request){.timeout_ns = 150 * NS_PER_MS});
    job_exit(&fixture, 137);
    const struct job_end end = {.exit_code = 137, .has_timed_out = true};
    job_end_output_after(&fixture, &end);
    assert_result(session.started.change, "Error -1 (timed out after 150ms: context deadline exceeded)");
    session_end(&session);
    fixture_end(&fixture);
}

static void reports_a_timeout_in_the_launch(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "slow", &(const struct exec_request){.timeout_ns = NS_PER_S});
    AUTO_ERROR struct error err = {0};
    (void)error_set(&err, ERROR_TIMEOUT, "fork/exec /bin/sh: timed out");
    fixture.job->handlers->on_failed(fixture.job, &err, fixture.job->data);
    assert_result(session.started.change, "Error -1 (timed out after 1s: context deadline exceeded)");
    session_end(&session);
    struct session stuck = session_begin(&fixture, "slow", &plain);
    (void)error_set_errno(&err, ETIMEDOUT, "fork/exec /bin/sh");
    err.kind = ERROR_TIMEOUT; // the limit of all launches
    fixture.job->handlers->on_failed(fixture.job, &err, fixture.job->data);
    AUTO_FREE char *result = result_of(stuck.started.change);
    assert_non_null(strstr(result, "Error -1 (fork/exec /bin/sh: "));
    session_end(&stuck);
    fixture_end(&fixture);
}

// --- killing ---

static void abort_kills(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    assert_true(change_abort(session.started.change, NULL));
    assert_int_equal(change_status(session.started.change), STATUS_ABORT);
    loop_run_pending(fixture.loop);
    assert_int_equal(fixture.signals[SIGKILL], 2); // the process and its group
    assert_result(session.started.change, "Done 137");
    session_end(&session);
    fixture_end(&fixture);
}

static void abort_cancels_what_has_not_been_launched(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct start_result started;
    fixture_start(&fixture, "run", &plain, &started);
    abort_change(&fixture, started.change);
    assert_result(started.change, "Error none (context canceled)");
    start_result_finish(&started);
    struct session session = session_begin(&fixture, "slow", &plain);
    abort_change(&fixture, session.started.change);
    session_run(&session);
    assert_result(session.started.change, "Error -1 (context canceled)");
    assert_string_equal(buffer_text(&session.stdio.events), END "close 1000\n");
    session_end(&session);
    fixture_end(&fixture);
}

static void abort_ends_the_wait_for_output(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    job_exit(&fixture, 3);
    assert_int_equal(change_status(session.started.change), STATUS_DOING);
    abort_change(&fixture, session.started.change);
    assert_int_equal(fixture.signals[SIGKILL], 1); // those that hold the output
    assert_result(session.started.change, "Done 3");
    session_end(&session);
    fixture_end(&fixture);
}

// Writes until the client's socket is full.
static void flood(struct fixture *fixture) {
    static const char bytes[65536] = {0};
    while (!fixture->job->is_paused[JOB_OUTPUT])
        job_write(fixture, JOB_OUTPUT, bytes, sizeof bytes);
}

static void waits_for_a_client_that_does_not_read(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    flood(&fixture);
    job_end(&fixture, 0);
    loop_advance(fixture.loop, 1000 * NS_PER_S);
    assert_int_equal(change_status(session.started.change), STATUS_DOING);
    session_run(&session);
    assert_result(session.started.change, "Done 0");
    assert_string_equal(buffer_text(&session.stdio.events), END "close 1000\n");
    session_end(&session);
    fixture_end(&fixture);
}

static void abort_ends_the_wait_for_the_client(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    flood(&fixture);
    job_end(&fixture, 5);
    abort_change(&fixture, session.started.change);
    assert_result(session.started.change, "Done 5");
    loop_advance(fixture.loop, 5 * NS_PER_S); // then the session is given up
    assert_true(list_is_empty(&fixture.manager->closing));
    session_end(&session);
    fixture_end(&fixture);
}

static void killed_command_does_not_wait_for_the_client(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session draining = session_begin(&fixture, "immortal", &plain);
    flood(&fixture);
    abort_change(&fixture, draining.started.change);
    job_exit(&fixture, 137); // its output is paused
    loop_advance(fixture.loop, 6 * NS_PER_S - 1);
    assert_int_equal(change_status(draining.started.change), STATUS_ABORT);
    loop_advance(fixture.loop, 1);
    assert_result(draining.started.change, "Done 137");
    session_end(&draining);
    struct session sending = session_begin(&fixture, "run", &plain);
    flood(&fixture);
    peer_close(&sending.control);
    loop_run_pending(fixture.loop); // killed, exited and ended
    assert_int_equal(change_status(sending.started.change), STATUS_DOING);
    loop_advance(fixture.loop, 6 * NS_PER_S);
    assert_result(sending.started.change, "Done 137");
    session_end(&sending);
    fixture_end(&fixture);
}

// --- the daemon stops ---

static void stops_in_each_state(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct start_result created, connecting;
    fixture_start(&fixture, "run", &plain, &connecting);
    struct session launching = session_begin(&fixture, "slow", &plain);
    exec_manager_stop_all(fixture.manager);
    assert_result(connecting.change, "Error none (context canceled)");
    assert_result(launching.started.change, "Error -1 (context canceled)");
    session_run(&launching);
    assert_string_equal(buffer_text(&launching.stdio.events), END "close 1001\n");
    assert_true(fixture.is_idle);
    fixture_start(&fixture, "run", &plain, &created);
    assert_string_equal(error_text(&created.err), "cannot call exec: daemon is stopping");
    assert_int_equal(created.err.kind, ERROR_UNAVAILABLE);
    start_result_finish(&created);
    start_result_finish(&connecting);
    session_end(&launching);
    fixture_end(&fixture);
}

static void stop_kills_and_does_not_wait_for_output(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    flood(&fixture);
    exec_manager_stop_all(fixture.manager);
    assert_true(exec_manager_is_busy(fixture.manager));
    job_exit(&fixture, 137);
    assert_result(session.started.change, "Done 137");
    assert_true(fixture.is_idle);
    session_end(&session);
    fixture_end(&fixture);
}

static void stop_ends_waits_for_output(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "run", &plain);
    flood(&fixture);
    job_end(&fixture, 8);
    exec_manager_stop_all(fixture.manager);
    assert_result(session.started.change, "Done 8");
    session_end(&session);
    fixture_end(&fixture);
}

static void stop_does_not_wait_for_an_immortal(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct session session = session_begin(&fixture, "immortal", &plain);
    exec_manager_stop_all(fixture.manager);
    loop_advance(fixture.loop, 1000 * NS_PER_S);
    assert_true(exec_manager_is_busy(fixture.manager));
    assert_int_equal(change_status(session.started.change), STATUS_DOING);
    session_end(&session);
    fixture_end(&fixture); // as the daemon does after a time
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_and_reports_the_exit_code),
        cmocka_unit_test(waits_five_seconds_for_sessions),
        cmocka_unit_test(launches_without_control),
        cmocka_unit_test(passes_the_options_to_the_job),
        cmocka_unit_test(reports_failed_launches),
        cmocka_unit_test(reports_a_timeout),
        cmocka_unit_test(reports_a_timeout_in_the_launch),
        cmocka_unit_test(abort_kills),
        cmocka_unit_test(abort_cancels_what_has_not_been_launched),
        cmocka_unit_test(abort_ends_the_wait_for_output),
        cmocka_unit_test(waits_for_a_client_that_does_not_read),
        cmocka_unit_test(abort_ends_the_wait_for_the_client),
        cmocka_unit_test(killed_command_does_not_wait_for_the_client),
        cmocka_unit_test(stops_in_each_state),
        cmocka_unit_test(stop_kills_and_does_not_wait_for_output),
        cmocka_unit_test(stop_ends_waits_for_output),
        cmocka_unit_test(stop_does_not_wait_for_an_immortal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const char layer[] =
    "services:\n"
    "  calm: {override: replace, command: run, backoff-delay: 2s, on-check-failure: {up: restart}}\n"
    "  deaf: {override: replace, command: stubborn, kill-delay: 3s}\n"
    "  rock: {override: replace, command: immortal, kill-delay: 3s}\n"
    "  gone: {override: replace, command: missing}\n"
    "  late: {override: replace, command: unlaunchable}\n"
    "  slow: {override: replace, command: hang}\n";

static void assert_failed(const struct change *change, const char *words) {
    assert_int_equal(change_status(change), STATUS_ERROR);
    if (strstr(last_log(change, 0), words) == NULL)
        fail_msg("%s: %s", words, last_log(change, 0));
}

// --- starting ---

static void a_start_is_done_after_the_window(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    struct change *change = fixture_ask(&fixture, SERVICE_START, "calm");
    loop_advance(fixture.loop, NS_PER_S - 1);
    assert_state(&fixture, "calm", SERVICE_STARTING);
    assert_false(change_is_ready(change));
    loop_advance(fixture.loop, 1);
    assert_state(&fixture, "calm", SERVICE_RUNNING);
    assert_int_equal(change_status(change), STATUS_DONE);
    fixture_end(&fixture);
}

static void a_command_that_cannot_run_fails_at_once(void **state UNUSED) {
    static const char *const names[] = {"gone", "late"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct fixture fixture;
        fixture_begin(&fixture, layer);
        struct change *change = fixture_ask(&fixture, SERVICE_START, names[i]);
        loop_run_pending(fixture.loop);
        assert_failed(change, "cannot start service: ");
        assert_state(&fixture, names[i], SERVICE_STOPPED);
        assert_true(fixture_service(&fixture, names[i])->since.is_set);
        fixture_end(&fixture);
    }
}

static void a_stop_in_the_window_fails_the_start(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    struct change *start = fixture_ask(&fixture, SERVICE_START, "calm");
    loop_run_pending(fixture.loop);
    struct change *stop = fixture_do(&fixture, SERVICE_STOP, "calm");
    assert_int_equal(change_status(stop), STATUS_DONE);
    assert_failed(start, "service start attempt: stopped before the 1s okay delay");
    assert_state(&fixture, "calm", SERVICE_STOPPED);
    fixture_end(&fixture);
}

static void a_stop_calls_off_a_launch(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    struct change *start = fixture_ask(&fixture, SERVICE_START, "slow");
    loop_run_pending(fixture.loop);
    assert_state(&fixture, "slow", SERVICE_LAUNCHING);
    struct change *stop = fixture_ask(&fixture, SERVICE_STOP, "slow");
    loop_run_pending(fixture.loop);
    assert_int_equal(change_status(stop), STATUS_DONE);
    assert_failed(start, "service start attempt: stopped before the 1s okay delay");
    assert_int_equal(fixture.abandoned_count, 1);
    assert_int_equal(fixture_service(&fixture, "slow")->start_count, 0);
    fixture_end(&fixture);
}

static void a_stop_may_come_before_the_failure_of_a_start(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    fixture_do(&fixture, SERVICE_START, "gone");
    struct service *service = fixture_service(&fixture, "gone");
    service->is_handling = true; // as from a listener: all events wait
    struct change *start = fixture_ask(&fixture, SERVICE_START, "gone");
    struct change *stop = fixture_ask(&fixture, SERVICE_STOP, "gone");
    loop_run_pending(fixture.loop);
    assert_int_equal(service->pending.count, 2);
    service->is_handling = false;
    service_handle(service, &(const struct service_event){.kind = EVENT_WINDOW_OVER});
    assert_int_equal(change_status(stop), STATUS_DONE);
    assert_failed(start, "service start attempt: stopped before the 1s okay delay");
    assert_state(&fixture, "gone", SERVICE_STOPPED);
    fixture_end(&fixture);
}

static void an_abort_kills_what_is_starting(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    struct change *launching = fixture_ask(&fixture, SERVICE_START, "slow");
    struct change *starting = fixture_ask(&fixture, SERVICE_START, "calm");
    loop_run_pending(fixture.loop);
    assert_true(change_abort(launching, NULL));
    assert_true(change_abort(starting, NULL));
    loop_run_pending(fixture.loop);
    assert_failed(launching, "start aborted before the process was started");
    assert_failed(starting, "start aborted, sent SIGKILL to process");
    assert_state(&fixture, "slow", SERVICE_STOPPED);
    assert_state(&fixture, "calm", SERVICE_STOPPED);
    assert_int_equal(fixture.abandoned_count, 2);
    assert_int_equal(change_status(fixture_do(&fixture, SERVICE_START, "calm")), STATUS_DONE);
    fixture_end(&fixture);
}

static void what_is_stopping_cannot_start(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    fixture_do(&fixture, SERVICE_START, "deaf");
    (void)fixture_ask(&fixture, SERVICE_STOP, "deaf");
    loop_advance(fixture.loop, NS_PER_S);
    struct change *early = fixture_ask(&fixture, SERVICE_START, "deaf");
    loop_run_pending(fixture.loop);
    assert_failed(early, "cannot start service while terminating");
    loop_advance(fixture.loop, 2 * NS_PER_S); // the refusal did not stop the timer
    assert_state(&fixture, "deaf", SERVICE_STOPPED);
    fixture_end(&fixture);
}

// --- stopping ---

static void what_ignores_sigterm_is_killed_after_kill_delay(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    fixture_do(&fixture, SERVICE_START, "deaf");
    struct change *stop = fixture_ask(&fixture, SERVICE_STOP, "deaf");
    loop_advance(fixture.loop, 3 * NS_PER_S - 1);
    assert_state(&fixture, "deaf", SERVICE_TERMINATING);
    loop_advance(fixture.loop, 1);
    assert_int_equal(change_status(stop), STATUS_DONE);
    assert_state(&fixture, "deaf", SERVICE_STOPPED);
    fixture_end(&fixture);
}

static void what_survives_sigkill_is_given_up(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    fixture_do(&fixture, SERVICE_START, "rock");
    struct change *stop = fixture_ask(&fixture, SERVICE_STOP, "rock");
    loop_advance(fixture.loop, 8 * NS_PER_S - 1);
    assert_state(&fixture, "rock", SERVICE_KILLING);
    loop_advance(fixture.loop, 1);
    assert_failed(stop, "cannot stop service: process still running after SIGTERM and SIGKILL");
    assert_state(&fixture, "rock", SERVICE_STOPPED);
    fixture_end(&fixture);
}

static void any_number_of_stops_may_wait(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    fixture_do(&fixture, SERVICE_START, "rock");
    fixture.manager->is_stopping = true; // the daemon's end waits for what is being stopped already
    struct change *stops[4];
    for (size_t i = 0; i < ARRAY_COUNT(stops); i++) {
        stops[i] = fixture_ask(&fixture, SERVICE_STOP, "rock");
        loop_advance(fixture.loop, NS_PER_S);
    }
    for (size_t i = 0; i < ARRAY_COUNT(stops); i++)
        assert_false(change_is_ready(stops[i]));
    loop_advance(fixture.loop, 8 * NS_PER_S);
    for (size_t i = 0; i < ARRAY_COUNT(stops); i++)
        assert_failed(stops[i], "process still running");
    fixture_end(&fixture);
}

// --- exits and backoff ---

static void a_quick_exit_fails_the_start_and_backs_off(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  bad: {override: replace, command: exit 3, backoff-delay: 1h}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "bad");
    loop_run_pending(fixture.loop);
    assert_failed(change, "service start attempt: exited quickly with code 3, will restart");
    assert_int_equal(task_log_count(change_task(change, 0)), 2);
    assert_non_null(strstr(task_log_line(change_task(change, 0), 0), "INFO Most recent service output:\n    "));
    assert_state(&fixture, "bad", SERVICE_BACKOFF);
    assert_true(fixture_has_logged(
        &fixture, "Service \"bad\" on-failure action is \"restart\", waiting ~1h0m0s before restart (backoff 1)"));
    struct change *stop = fixture_do(&fixture, SERVICE_STOP, "bad");
    assert_int_equal(change_status(stop), STATUS_DONE);
    assert_true(fixture_has_logged(&fixture, "stopped while waiting for backoff"));
    assert_state(&fixture, "bad", SERVICE_STOPPED);
    fixture_end(&fixture);
}

// The words of Pebble's log, which computes with seconds.
static void backoff_is_rounded_as_in_pebble(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  bad: {override: replace, command: run, backoff-delay: 300ms,"
                            " backoff-factor: 1.5, backoff-limit: 1s}\n");
    fixture_do(&fixture, SERVICE_START, "bad");
    struct service *service = fixture_service(&fixture, "bad");
    static const char *const delays[] = {"~300ms before", "~449.999999ms before", "~674.999998ms before", "~1s before"};
    for (size_t i = 0; i < ARRAY_COUNT(delays); i++) {
        process_end(service, 0);
        assert_true(fixture_has_logged(&fixture, delays[i]));
        loop_advance(fixture.loop, 1100 * NS_PER_MS);
    }
    fixture_end(&fixture);
}

static void backoff_grows_to_its_limit_and_is_reset(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  bad: {override: replace, command: run, backoff-delay: 2s,"
                            " backoff-factor: 2, backoff-limit: 7s}\n");
    fixture_do(&fixture, SERVICE_START, "bad");
    struct service *service = fixture_service(&fixture, "bad");
    static const char *const delays[] = {"~2s before restart (backoff 1)", "~4s before restart (backoff 2)",
                                         "~7s before restart (backoff 3)", "~7s before restart (backoff 4)"};
    for (size_t i = 0; i < ARRAY_COUNT(delays); i++) {
        process_end(service, 0);
        assert_true(fixture_has_logged(&fixture, delays[i]));
        while (service->state != SERVICE_RUNNING) // up to a tenth is added at random
            loop_advance(fixture.loop, NS_PER_S / 10);
    }
    loop_advance(fixture.loop, 7 * NS_PER_S);
    process_end(service, 0);
    assert_int_equal(service->backoff_count, 1);
    fixture_end(&fixture);
}

static void a_command_that_comes_back_is_started_again(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    fixture_do(&fixture, SERVICE_START, "calm");
    struct service *service = fixture_service(&fixture, "calm");
    fixture_set_plan(&fixture, "services:\n  calm: {override: replace, command: unlaunchable, backoff-delay: 2s}\n");
    service_configure(service, fixture.plan, plan_find_service(fixture.plan, "calm"));
    process_end(service, 1);
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_true(fixture_has_logged(&fixture, "cannot start service: "));
    assert_state(&fixture, "calm", SERVICE_BACKOFF);
    fixture_set_plan(&fixture, "services:\n  calm: {override: replace, command: run, backoff-delay: 2s}\n");
    service_configure(service, fixture.plan, plan_find_service(fixture.plan, "calm"));
    loop_advance(fixture.loop, 10 * NS_PER_S);
    assert_state(&fixture, "calm", SERVICE_RUNNING);
    fixture_end(&fixture);
}

static void a_start_in_backoff_runs_at_once(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    fixture_do(&fixture, SERVICE_START, "calm");
    process_end(fixture_service(&fixture, "calm"), 1);
    assert_state(&fixture, "calm", SERVICE_BACKOFF);
    struct change *change = fixture_ask(&fixture, SERVICE_START, "calm");
    loop_run_pending(fixture.loop);
    assert_state(&fixture, "calm", SERVICE_STARTING);
    assert_int_equal(fixture_service(&fixture, "calm")->backoff_count, 0);
    loop_advance(fixture.loop, NS_PER_S);
    assert_int_equal(change_status(change), STATUS_DONE);
    fixture_end(&fixture);
}

static void a_start_takes_over_the_launch_after_a_backoff(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    fixture_do(&fixture, SERVICE_START, "calm");
    struct service *service = fixture_service(&fixture, "calm");
    fixture_set_plan(&fixture, "services:\n  calm: {override: replace, command: hang, backoff-delay: 2s}\n");
    service_configure(service, fixture.plan, plan_find_service(fixture.plan, "calm"));
    process_end(service, 1);
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_state(&fixture, "calm", SERVICE_RELAUNCHING);
    int started_count = fixture.started_count;
    struct change *change = fixture_ask(&fixture, SERVICE_START, "calm");
    loop_run_pending(fixture.loop);
    assert_state(&fixture, "calm", SERVICE_LAUNCHING);
    assert_int_equal(fixture.started_count, started_count);
    service->process->is_launched = true;
    service->process->handlers->on_process_launched(service->process->data);
    loop_advance(fixture.loop, NS_PER_S);
    assert_int_equal(change_status(change), STATUS_DONE);
    fixture_end(&fixture);
}

static void actions_end_the_daemon_or_do_not(void **state UNUSED) {
    static const struct {
        const char *fields;
        enum service_state state;
        bool has_shutdown;
        enum shutdown_kind kind;
    } cases[] = {
        {"command: exit 0, on-success: ignore", SERVICE_COMPLETED, false, SHUTDOWN_SUCCESS},
        {"command: exit 1, on-failure: ignore", SERVICE_EXITED, false, SHUTDOWN_SUCCESS},
        {"command: exit 0, on-success: shutdown", SERVICE_EXITED, true, SHUTDOWN_SUCCESS},
        {"command: exit 0, on-success: failure-shutdown", SERVICE_EXITED, true, SHUTDOWN_SERVICE_FAILURE},
        {"command: exit 1, on-failure: shutdown", SERVICE_EXITED, true, SHUTDOWN_SERVICE_FAILURE},
        {"command: exit 1, on-failure: success-shutdown", SERVICE_EXITED, true, SHUTDOWN_SUCCESS},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *yaml = memory_printf("services:\n  last: {override: replace, %s}\n", cases[i].fields);
        struct fixture fixture;
        fixture_begin(&fixture, yaml);
        struct change *change = fixture_do(&fixture, SERVICE_START, "last");
        assert_int_equal(change_status(change), STATUS_ERROR);
        assert_state(&fixture, "last", cases[i].state);
        assert_int_equal(fixture.manager->has_shutdown, cases[i].has_shutdown);
        if (cases[i].has_shutdown)
            assert_int_equal(fixture.manager->shutdown.kind, cases[i].kind);
        fixture_end(&fixture);
    }
}

// --- failed checks ---

static void a_failed_check_restarts_what_runs(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    fixture_do(&fixture, SERVICE_START, "calm");
    service_manager_check_failed(fixture.manager, "other");
    assert_state(&fixture, "calm", SERVICE_RUNNING);
    service_manager_check_failed(fixture.manager, "up");
    assert_state(&fixture, "calm", SERVICE_RESTART_TERMINATING);
    service_manager_check_failed(fixture.manager, "up"); // once per fall
    assert_true(fixture_has_logged(&fixture, "terminating process before restarting"));
    loop_run_pending(fixture.loop);
    assert_true(fixture_has_logged(&fixture, "exited after check failure, restarting"));
    service_manager_check_failed(fixture.manager, "up");
    assert_true(fixture_has_logged(&fixture, "waiting for current backoff"));
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_state(&fixture, "calm", SERVICE_RUNNING);
    assert_int_equal(fixture.started_count, 2);
    fixture_end(&fixture);
}

static void a_failed_check_means_nothing_in_the_window(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    (void)fixture_ask(&fixture, SERVICE_START, "calm");
    loop_run_pending(fixture.loop);
    service_manager_check_failed(fixture.manager, "up");
    assert_state(&fixture, "calm", SERVICE_STARTING);
    loop_advance(fixture.loop, NS_PER_S);
    assert_state(&fixture, "calm", SERVICE_RUNNING);
    fixture_end(&fixture);
}

static void a_stop_calls_off_the_restart_after_a_check(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  deaf: {override: replace, command: stubborn, kill-delay: 3s,"
                            " on-check-failure: {up: restart}}\n");
    fixture_do(&fixture, SERVICE_START, "deaf");
    service_manager_check_failed(fixture.manager, "up");
    loop_advance(fixture.loop, 2 * NS_PER_S);
    struct change *stop = fixture_ask(&fixture, SERVICE_STOP, "deaf");
    loop_advance(fixture.loop, NS_PER_S); // the kill-delay goes on
    assert_int_equal(change_status(stop), STATUS_DONE);
    assert_state(&fixture, "deaf", SERVICE_STOPPED);
    fixture_end(&fixture);
}

static void a_failed_check_may_end_the_daemon(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: run, on-check-failure: {up: shutdown}}\n");
    fixture_do(&fixture, SERVICE_START, "one");
    service_manager_check_failed(fixture.manager, "up");
    assert_state(&fixture, "one", SERVICE_RUNNING);
    assert_true(fixture.manager->has_shutdown);
    assert_int_equal(fixture.manager->shutdown.kind, SHUTDOWN_CHECK_FAILURE);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_is_done_after_the_window),
        cmocka_unit_test(a_command_that_cannot_run_fails_at_once),
        cmocka_unit_test(a_stop_in_the_window_fails_the_start),
        cmocka_unit_test(a_stop_calls_off_a_launch),
        cmocka_unit_test(a_stop_may_come_before_the_failure_of_a_start),
        cmocka_unit_test(an_abort_kills_what_is_starting),
        cmocka_unit_test(what_is_stopping_cannot_start),
        cmocka_unit_test(what_ignores_sigterm_is_killed_after_kill_delay),
        cmocka_unit_test(what_survives_sigkill_is_given_up),
        cmocka_unit_test(any_number_of_stops_may_wait),
        cmocka_unit_test(a_quick_exit_fails_the_start_and_backs_off),
        cmocka_unit_test(backoff_is_rounded_as_in_pebble),
        cmocka_unit_test(backoff_grows_to_its_limit_and_is_reset),
        cmocka_unit_test(a_command_that_comes_back_is_started_again),
        cmocka_unit_test(a_start_in_backoff_runs_at_once),
        cmocka_unit_test(a_start_takes_over_the_launch_after_a_backoff),
        cmocka_unit_test(actions_end_the_daemon_or_do_not),
        cmocka_unit_test(a_failed_check_restarts_what_runs),
        cmocka_unit_test(a_failed_check_means_nothing_in_the_window),
        cmocka_unit_test(a_stop_calls_off_the_restart_after_a_check),
        cmocka_unit_test(a_failed_check_may_end_the_daemon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <signal.h>

static const char layer[] = "services:\n"
                            "  calm: {override: replace, command: sleep 1000}\n"
                            "  deaf: {override: replace, kill-delay: 50ms, command: \"sh -c 'trap \\\"\\\" TERM; echo "
                            "up; while :; do sleep 1; done'\"}\n"
                            "  gone: {override: replace, command: /no/such/program}\n";

static void starting_becomes_running_after_the_window(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    struct change *change = fixture_ask(&fixture, SERVICE_START, "calm");
    RUN_UNTIL(&fixture, map_has(&fixture.manager->services, "calm") &&
                            fixture_service(&fixture, "calm")->state == STATE_STARTING);
    struct service *service = fixture_service(&fixture, "calm");
    assert_string_equal(service_status(service), "active");
    assert_true(service->since.is_set);
    int64_t since = service->since.ns;
    RUN_UNTIL(&fixture, change_is_ready(change));
    assert_int_equal(change_status(change), STATUS_DONE);
    assert_int_equal(service->state, STATE_RUNNING);
    assert_true(service->since.ns == since); // the status did not change
    fixture_do(&fixture, SERVICE_STOP, "calm");
    assert_int_equal(service->state, STATE_STOPPED);
    assert_true(service->since.ns != since);
    fixture_end(&fixture);
}

static void stop_in_the_window_fails_the_start(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    struct change *start = fixture_ask(&fixture, SERVICE_START, "calm");
    RUN_UNTIL(&fixture,
              map_has(&fixture.manager->services, "calm") && service_is_up(fixture_service(&fixture, "calm")));
    struct change *stop = fixture_do(&fixture, SERVICE_STOP, "calm");
    assert_int_equal(change_status(stop), STATUS_DONE);
    RUN_UNTIL(&fixture, change_is_ready(start));
    assert_int_equal(change_status(start), STATUS_ERROR);
    assert_non_null(strstr(last_log(start, 0), "service start attempt: stopped before the 1s okay delay"));
    fixture_end(&fixture);
}

static void what_ignores_sigterm_is_killed_after_kill_delay(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    fixture_do(&fixture, SERVICE_START, "deaf");
    struct change *stop = fixture_do(&fixture, SERVICE_STOP, "deaf");
    assert_int_equal(change_status(stop), STATUS_DONE);
    assert_int_equal(fixture_service(&fixture, "deaf")->state, STATE_STOPPED);
    fixture_end(&fixture);
}

static void a_missing_command_fails_at_once(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    struct change *change = fixture_do(&fixture, SERVICE_START, "gone");
    assert_int_equal(change_status(change), STATUS_ERROR);
    assert_non_null(strstr(last_log(change, 0), "cannot start service: "));
    struct service *service = fixture_service(&fixture, "gone");
    assert_int_equal(service->state, STATE_STOPPED);
    assert_true(service->since.is_set);
    fixture_end(&fixture);
}

static void abort_kills_what_is_starting(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    struct change *change = fixture_ask(&fixture, SERVICE_START, "calm");
    RUN_UNTIL(&fixture, map_has(&fixture.manager->services, "calm"));
    const struct service *service = fixture_service(&fixture, "calm");
    RUN_UNTIL(&fixture, service->process != NULL && service_process_pid(service->process) > 0);
    pid_t pid = service_process_pid(service->process);
    assert_true(change_abort(change, NULL));
    RUN_UNTIL(&fixture, change_is_ready(change));
    assert_int_equal(change_status(change), STATUS_ERROR);
    assert_non_null(strstr(last_log(change, 0), "start aborted, sent SIGKILL to process"));
    RUN_UNTIL(&fixture, kill(pid, 0) != 0);
    assert_int_equal(fixture_service(&fixture, "calm")->state, STATE_STOPPED);
    // And it can be started again.
    assert_int_equal(change_status(fixture_do(&fixture, SERVICE_START, "calm")), STATUS_DONE);
    fixture_end(&fixture);
}

static void signals_reach_only_what_runs(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    fixture_do(&fixture, SERVICE_START, "calm");
    struct service *service = fixture_service(&fixture, "calm");
    AUTO_ERROR struct error err = {0};
    assert_false(service_signal(service, "HUP", &err));
    assert_string_equal(error_text(&err), "invalid signal name \"HUP\"");
    assert_true(service_signal(service, "SIGCONT", &err));
    fixture_do(&fixture, SERVICE_STOP, "calm");
    assert_false(service_signal(service, "SIGCONT", &err));
    assert_string_equal(error_text(&err), "service is not running");
    fixture_end(&fixture);
}

static void a_failed_check_restarts_what_runs(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  calm: {override: replace, command: sleep 1000, backoff-delay: 1ms,"
                            " on-check-failure: {up: restart}}\n");
    fixture_do(&fixture, SERVICE_START, "calm");
    struct service *service = fixture_service(&fixture, "calm");
    pid_t pid = service_process_pid(service->process);
    service_manager_check_failed(fixture.manager, "other");
    assert_int_equal(service->state, STATE_RUNNING);
    service_manager_check_failed(fixture.manager, "up");
    assert_int_equal(service->state, STATE_TERMINATING);
    service_manager_check_failed(fixture.manager, "up"); // once per fall
    RUN_UNTIL(&fixture, service->state == STATE_RUNNING);
    assert_true(service_process_pid(service->process) != pid);
    assert_true(fixture_has_logged(&fixture, "terminating process before restarting"));
    fixture_end(&fixture);
}

static void a_stop_calls_off_the_restart_after_a_check(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture,
                  "services:\n  calm: {override: replace, command: sleep 1000, on-check-failure: {up: restart}}\n");
    fixture_do(&fixture, SERVICE_START, "calm");
    service_manager_check_failed(fixture.manager, "up");
    struct change *stop = fixture_do(&fixture, SERVICE_STOP, "calm");
    assert_int_equal(change_status(stop), STATUS_DONE);
    assert_int_equal(fixture_service(&fixture, "calm")->state, STATE_STOPPED);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starting_becomes_running_after_the_window),
        cmocka_unit_test(stop_in_the_window_fails_the_start),
        cmocka_unit_test(what_ignores_sigterm_is_killed_after_kill_delay),
        cmocka_unit_test(a_missing_command_fails_at_once),
        cmocka_unit_test(abort_kills_what_is_starting),
        cmocka_unit_test(signals_reach_only_what_runs),
        cmocka_unit_test(a_failed_check_restarts_what_runs),
        cmocka_unit_test(a_stop_calls_off_the_restart_after_a_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

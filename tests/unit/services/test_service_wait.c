// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "services/service_wait_internal.h"

#define DB_AND_WEB                                                                                                     \
    "services:\n  db: {override: replace, command: run, ready: {log: up}}\n"                                           \
    "  web: {override: replace, command: run, wait-for: {db: ready}}\n"

static void a_service_waits_until_another_is_ready(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DB_AND_WEB);
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web"); // which brings db
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_state(&fixture, "db", SERVICE_GETTING_READY);
    assert_state(&fixture, "web", SERVICE_WAITING);
    assert_string_equal(service_state_status(SERVICE_WAITING), "inactive");
    assert_non_null(strstr(last_log(change, 1), "INFO waiting for \"db\" to be ready"));
    assert_null(task_data(change_task(change, 1), "started")); // a wait outlives the daemon
    process_write(fixture_service(&fixture, "db"), "up\n");
    assert_state(&fixture, "web", SERVICE_STARTING);
    assert_non_null(task_data(change_task(change, 1), "started"));
    loop_advance(fixture.loop, NS_PER_S);
    assert_int_equal(change_status(change), STATUS_DONE);
    // It holds now, and nothing is brought.
    fixture_do(&fixture, SERVICE_STOP, "web");
    change = fixture_do(&fixture, SERVICE_START, "web");
    assert_int_equal(change_task_count(change), 1);
    fixture_end(&fixture);
}

// A start takes the new configuration over, but not for the process that runs.
static void readiness_is_that_of_the_process(void **state UNUSED) {
    static const char plain[] = "services:\n  db: {override: replace, command: run}\n"
                                "  web: {override: replace, command: run, wait-for: {db: ready}}\n";
    struct fixture fixture;
    fixture_begin(&fixture, plain);
    fixture_do(&fixture, SERVICE_START, "db");
    fixture_set_plan(&fixture, DB_AND_WEB);
    fixture_do(&fixture, SERVICE_START, "db"); // runs already, and will never say that it is ready
    assert_int_equal(change_status(fixture_do(&fixture, SERVICE_START, "web")), STATUS_DONE);
    fixture_do(&fixture, SERVICE_STOP, "db web");
    (void)fixture_ask(&fixture, SERVICE_START, "db");
    loop_run_pending(fixture.loop);
    fixture_set_plan(&fixture, plain);
    (void)fixture_ask(&fixture, SERVICE_START, "db web");
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_state(&fixture, "db", SERVICE_GETTING_READY);
    assert_state(&fixture, "web", SERVICE_WAITING);
    fixture_end(&fixture);
}

// The stop of `web` comes after that of `top`, and the check passes before.
static void a_wait_keeps_its_configuration_until_it_is_stopped(void **state UNUSED) {
    static const char layer[] =
        "services:\n  db: {override: replace, command: run}\n"
        "  top: {override: replace, command: stubborn, requires: [web], summary: '%d'}\n"
        "  web: {override: replace, command: run, on-failure: ignore, wait-for-checks: [up]%s}\n"
        "checks:\n  up: {override: replace, tcp: {port: 1}}\n";
    AUTO_FREE char *old = memory_printf(layer, 1, "");
    AUTO_FREE char *new = memory_printf(layer, 2, ", wait-for: {db: ready}");
    struct fixture fixture;
    fixture_begin(&fixture, old);
    fixture_do(&fixture, SERVICE_START, "top");
    process_end(fixture_service(&fixture, "web"), 1);
    fixture.failing_probes = 1;
    (void)fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    assert_state(&fixture, "web", SERVICE_WAITING);
    fixture_set_plan(&fixture, new);
    (void)fixture_ask(&fixture, SERVICE_REPLAN, "");
    loop_advance(fixture.loop, NS_PER_S);
    assert_state(&fixture, "top", SERVICE_TERMINATING);
    assert_state(&fixture, "web", SERVICE_STARTING);
    assert_int_equal(fixture_service(&fixture, "web")->config->wait_for.count, 0);
    loop_advance(fixture.loop, 10 * NS_PER_S);
    assert_state(&fixture, "db", SERVICE_RUNNING);
    assert_state(&fixture, "web", SERVICE_RUNNING);
    assert_int_equal(fixture_service(&fixture, "web")->config->wait_for.count, 1);
    fixture_end(&fixture);
}

static void a_wait_fails_when_the_other_has_exited(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  db: {override: replace, command: run, on-failure: ignore, ready: {log: up}}\n"
                            "  web: {override: replace, command: run, wait-for: {db: ready}}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    process_end(fixture_service(&fixture, "db"), 3);
    loop_run_pending(fixture.loop);
    assert_error(change, "cannot start service: \"db\" exited with code 3 while waiting for it to be ready");
    assert_state(&fixture, "web", SERVICE_STOPPED);
    fixture_end(&fixture);
}

static void backoff_is_waited_out(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DB_AND_WEB);
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    process_end(fixture_service(&fixture, "db"), 3);
    assert_state(&fixture, "db", SERVICE_BACKOFF);
    assert_state(&fixture, "web", SERVICE_WAITING);
    loop_advance(fixture.loop, NS_PER_S);
    process_write(fixture_service(&fixture, "db"), "up\n");
    assert_state(&fixture, "web", SERVICE_STARTING);
    loop_advance(fixture.loop, NS_PER_S);
    assert_int_equal(task_status(change_task(change, 1)), STATUS_DONE);
    fixture_end(&fixture);
}

// One that fails again and again is never started, though it runs for moments.
static void a_restart_counts_after_a_second(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  db: {override: replace, command: run, backoff-factor: 1.0}\n"
                            "  web: {override: replace, command: run, wait-for: {db: started}}\n");
    (void)fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    for (int i = 0; i < 3; i++) {
        process_end(fixture_service(&fixture, "db"), 3);
        assert_state(&fixture, "db", SERVICE_BACKOFF);
        loop_advance(fixture.loop, NS_PER_S);
        assert_state(&fixture, "db", SERVICE_RUNNING);
        assert_state(&fixture, "web", SERVICE_WAITING);
    }
    loop_advance(fixture.loop, NS_PER_S);
    assert_state(&fixture, "web", SERVICE_STARTING);
    fixture_end(&fixture);
}

static void a_wait_has_a_limit(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  db: {override: replace, command: run, ready: {log: up, timeout: 0s}}\n"
                            "  web: {override: replace, command: run, wait-for: {db: ready}, wait-timeout: 5s}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
    loop_advance(fixture.loop, 5 * NS_PER_S);
    assert_non_null(
        strstr(last_log(change, 1), "cannot start service: timed out after 5s waiting for \"db\" to be ready"));
    assert_state(&fixture, "web", SERVICE_STOPPED);
    fixture_end(&fixture);
}

static void a_stop_ends_a_wait(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DB_AND_WEB);
    struct change *start = fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    struct change *stop = fixture_do(&fixture, SERVICE_STOP, "web");
    assert_int_equal(change_status(stop), STATUS_DONE);
    assert_non_null(strstr(last_log(start, 1), "service start attempt: stopped while waiting for \"db\" to be ready"));
    assert_state(&fixture, "db", SERVICE_GETTING_READY); // goes on
    fixture_end(&fixture);
}

static void an_abort_ends_a_wait(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DB_AND_WEB);
    struct change *start = fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    assert_true(change_abort(start, NULL));
    loop_run_pending(fixture.loop);
    assert_state(&fixture, "web", SERVICE_STOPPED);
    assert_state(&fixture, "db", SERVICE_STOPPED);
    fixture_end(&fixture);
}

static void each_condition(void **state UNUSED) {
    static const struct {
        const char *command, *keys, *condition;
        bool is_met;       // after five seconds
        const char *error; // else, when the target has ended with code 3
    } cases[] = {
        {"run", "", "started", true, NULL},
        {"run", "", "ready", true, NULL},
        {"run", ", on-failure: ignore", "completed", false,
         "\"db\" exited with code 3 while waiting for it to complete"},
        {"run", ", on-failure: ignore", "exited", false, NULL},
        {"run", ", type: oneshot", "started", true, NULL},
        {"run", ", type: oneshot", "ready", false, "\"db\" exited with code 3 while waiting for it to be ready"},
        {"exit 0", ", type: oneshot", "started", true, NULL},
        {"exit 0", ", type: oneshot", "ready", true, NULL},
        {"exit 0", ", type: oneshot", "completed", true, NULL},
        {"exit 0", ", type: oneshot", "exited", true, NULL},
        {"exit 1", ", type: oneshot", "exited", true, NULL},
        {"exit 1", ", type: oneshot", "started", true, NULL},
        {"exit 1", ", type: oneshot, success-exit-codes: [1]", "completed", true, NULL},
        {"exit 0", ", on-success: ignore", "completed", true, NULL},
        {"run", ", ready: {log: up}", "started", true, NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *yaml = memory_printf("services:\n  db: {override: replace, command: %s%s}\n"
                                             "  web: {override: replace, command: run, wait-for: {db: %s}}\n",
                                             cases[i].command, cases[i].keys, cases[i].condition);
        struct fixture fixture;
        fixture_begin(&fixture, yaml);
        struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
        loop_advance(fixture.loop, 5 * NS_PER_S);
        bool is_met = fixture_service(&fixture, "web")->state == SERVICE_RUNNING;
        if (is_met != cases[i].is_met)
            fail_msg("case %zu: %s", i, buffer_text(&fixture.log));
        if (!is_met) {
            process_end(fixture_service(&fixture, "db"), 3);
            loop_advance(fixture.loop, 2 * NS_PER_S);
            bool is_met_now = fixture_service(&fixture, "web")->state == SERVICE_RUNNING;
            assert_int_equal(is_met_now, cases[i].error == NULL);
            if (cases[i].error != NULL)
                assert_error(change, cases[i].error);
        }
        fixture_end(&fixture);
    }
}

static void a_restart_of_both_waits_for_the_new_run(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DB_AND_WEB);
    (void)fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    process_write(fixture_service(&fixture, "db"), "up\n");
    loop_advance(fixture.loop, NS_PER_S);
    struct change *change = fixture_ask(&fixture, SERVICE_RESTART, "web db");
    loop_advance(fixture.loop, 5 * NS_PER_S);
    assert_state(&fixture, "db", SERVICE_GETTING_READY);
    assert_state(&fixture, "web", SERVICE_WAITING);
    process_write(fixture_service(&fixture, "db"), "up\n");
    loop_advance(fixture.loop, NS_PER_S);
    assert_int_equal(change_status(change), STATUS_DONE);
    fixture_end(&fixture);
}

static void checks_are_waited_for(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  web: {override: replace, command: run, wait-for-checks: [up, up]}\n"
                            "checks:\n  up: {override: replace, tcp: {port: 1}}\n");
    fixture.failing_probes = 3;
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
    loop_advance(fixture.loop, 2 * NS_PER_S);
    assert_state(&fixture, "web", SERVICE_WAITING);
    assert_non_null(strstr(last_log(change, 0), "waiting for check \"up\" to succeed"));
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_state(&fixture, "web", SERVICE_RUNNING);
    fixture_end(&fixture);
}

static void a_task_that_is_held_is_not_waited_for(void **state UNUSED) {
    struct fixture fixture;
    // `db` is not begun, as `init` fails; `web` must not wait for it for ever.
    fixture_begin(&fixture, "services:\n  init: {override: replace, command: exit 1, type: oneshot}\n"
                            "  db: {override: replace, command: run, requires: [init], after: [init]}\n"
                            "  web: {override: replace, command: run, wait-for: {db: started}}\n");
    struct change *change = fixture_do(&fixture, SERVICE_START, "web");
    assert_error(change, "cannot start service: \"db\" was not started while waiting for it to be started");
    fixture_end(&fixture);
}

// `after` alone: B waits until the start of A is over, well or not.
static void what_takes_long_is_waited_for_in_a_change(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  a: {override: replace, command: run, type: oneshot, before: [c]}\n"
                            "  b: {override: replace, command: run, after: [a]}\n"
                            "  c: {override: replace, command: run}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "a b c");
    loop_advance(fixture.loop, 5 * NS_PER_S);
    assert_state(&fixture, "b", SERVICE_WAITING);
    assert_state(&fixture, "c", SERVICE_WAITING);
    process_end(fixture_service(&fixture, "a"), 1);
    loop_advance(fixture.loop, 2 * NS_PER_S);
    assert_state(&fixture, "b", SERVICE_RUNNING);
    assert_state(&fixture, "c", SERVICE_RUNNING);
    assert_int_equal(change_status(change), STATUS_ERROR);
    fixture_end(&fixture);
}

// `requires` and `after`: B is held if A fails.
static void what_is_required_must_be_up(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  a: {override: replace, command: run, type: oneshot}\n"
                            "  b: {override: replace, command: run, after: [a], requires: [a]}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "b");
    loop_advance(fixture.loop, 2 * NS_PER_S);
    assert_int_equal(task_status(change_task(change, 1)), STATUS_DO);
    process_end(fixture_service(&fixture, "a"), 1);
    assert_int_equal(task_status(change_task(change, 1)), STATUS_HOLD);
    fixture_end(&fixture);
}

static void those_that_wait_for_it_stop_first(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  db: {override: replace, command: run}\n"
                            "  web: {override: replace, command: stubborn, wait-for: {db: ready}}\n");
    fixture_do(&fixture, SERVICE_START, "web");
    struct change *change = fixture_ask(&fixture, SERVICE_STOP, "db web");
    loop_advance(fixture.loop, 4 * NS_PER_S);
    assert_state(&fixture, "web", SERVICE_TERMINATING);
    assert_state(&fixture, "db", SERVICE_RUNNING);
    loop_advance(fixture.loop, NS_PER_S); // kill-delay
    loop_run_pending(fixture.loop);
    assert_state(&fixture, "db", SERVICE_STOPPED);
    assert_int_equal(change_status(change), STATUS_DONE);
    fixture_end(&fixture);
}

// The stop of app is held until web has ended; that of db is held all the same.
static void a_chain_stops_in_its_order(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  db: {override: replace, command: run}\n"
                            "  app: {override: replace, command: run, wait-for: {db: ready}}\n"
                            "  web: {override: replace, command: stubborn, wait-for: {app: ready}}\n");
    fixture_do(&fixture, SERVICE_START, "web");
    struct change *change = fixture_ask(&fixture, SERVICE_STOP, "db app web");
    loop_advance(fixture.loop, 4 * NS_PER_S);
    assert_state(&fixture, "web", SERVICE_TERMINATING);
    assert_state(&fixture, "app", SERVICE_RUNNING);
    assert_state(&fixture, "db", SERVICE_RUNNING);
    loop_advance(fixture.loop, NS_PER_S); // kill-delay
    loop_run_pending(fixture.loop);
    assert_int_equal(change_status(change), STATUS_DONE);
    fixture_end(&fixture);
}

static void a_start_that_failed_is_told(void **state UNUSED) {
    struct fixture fixture;
    struct service_details details;
    fixture_begin(&fixture, "services:\n  db: {override: replace, command: missing}\n"
                            "  web: {override: replace, command: run, wait-for: {db: started}}\n");
    struct change *change = fixture_do(&fixture, SERVICE_START, "web");
    assert_error(change, "\"db\" could not be started while waiting for it to be started");
    service_manager_details(fixture.manager, "db", &details);
    assert_string_equal(details.note, "start failed");
    service_details_finish(&details);
    fixture_do(&fixture, SERVICE_STOP, "db"); // settles it
    service_manager_details(fixture.manager, "db", &details);
    assert_null(details.note);
    service_details_finish(&details);
    fixture_end(&fixture);
}

static void a_stop_that_is_held_can_be_aborted(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  db: {override: replace, command: run}\n"
                            "  web: {override: replace, command: stubborn, wait-for: {db: ready}}\n");
    fixture_do(&fixture, SERVICE_START, "web");
    struct change *change = fixture_ask(&fixture, SERVICE_STOP, "db web");
    loop_advance(fixture.loop, NS_PER_S);
    assert_true(change_abort(change, NULL));
    loop_advance(fixture.loop, 10 * NS_PER_S);
    assert_error(change, "stop aborted");
    assert_state(&fixture, "web", SERVICE_STOPPED); // it has got its signal already
    assert_state(&fixture, "db", SERVICE_RUNNING);
    fixture_end(&fixture);
}

static void the_end_of_the_daemon_ends_waits(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DB_AND_WEB);
    struct change *start = fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    struct change *stop = fixture_stop_all(&fixture);
    assert_non_null(stop);
    loop_advance(fixture.loop, NS_PER_S);
    assert_non_null(strstr(last_log(start, 1), "cannot start service while the daemon is stopping"));
    assert_int_equal(change_status(stop), STATUS_DONE);
    fixture_end(&fixture);
}

static void a_start_of_one_that_waits_joins(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DB_AND_WEB);
    struct change *first = fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    struct change *second = fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    assert_non_null(strstr(last_log(second, change_task_count(second) - 1), "INFO waiting for \"db\" to be ready"));
    process_write(fixture_service(&fixture, "db"), "up\n");
    loop_advance(fixture.loop, NS_PER_S);
    assert_int_equal(change_status(first), STATUS_DONE);
    assert_int_equal(change_status(second), STATUS_DONE);
    assert_int_equal(fixture.started_count, 2);
    fixture_end(&fixture);
}

static void a_stop_of_the_other_fails_the_wait(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DB_AND_WEB);
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    fixture_do(&fixture, SERVICE_STOP, "db");
    assert_non_null(strstr(last_log(change, 1), "cannot start service: \"db\" was stopped while waiting for it to be "
                                                "ready"));
    assert_state(&fixture, "web", SERVICE_STOPPED);
    fixture_end(&fixture);
}

// A condition that ends later stops nothing, and restarts by backoff do not wait for it.
static void only_starts_by_tasks_wait(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DB_AND_WEB);
    (void)fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    process_write(fixture_service(&fixture, "db"), "up\n");
    loop_advance(fixture.loop, NS_PER_S);
    fixture_do(&fixture, SERVICE_STOP, "db");
    assert_state(&fixture, "web", SERVICE_RUNNING);
    process_end(fixture_service(&fixture, "web"), 1);
    assert_state(&fixture, "web", SERVICE_BACKOFF);
    loop_advance(fixture.loop, NS_PER_S);
    assert_state(&fixture, "web", SERVICE_RUNNING);
    fixture_end(&fixture);
}

static void retries_of_a_oneshot_are_waited_out(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  job: {override: replace, command: run, type: oneshot, on-failure: restart,\n"
                            "    max-start-retries: 1}\n"
                            "  web: {override: replace, command: run, wait-for: {job: completed}}\n");
    for (int i = 0; i < 2; i++) {
        struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
        loop_run_pending(fixture.loop);
        process_end(fixture_service(&fixture, "job"), 1);
        assert_state(&fixture, "web", SERVICE_WAITING);
        loop_advance(fixture.loop, NS_PER_S);
        process_end(fixture_service(&fixture, "job"), i == 0 ? 2 : 0);
        loop_advance(fixture.loop, NS_PER_S);
        if (i == 0)
            assert_error(change, "cannot start service: \"job\" exited with code 2 while waiting for it to complete");
        assert_state(&fixture, "web", i == 0 ? SERVICE_STOPPED : SERVICE_RUNNING);
    }
    fixture_end(&fixture);
}

static void a_replan_ends_a_wait(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DB_AND_WEB);
    struct change *start = fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    fixture_set_plan(&fixture, "services:\n  db: {override: replace, command: run, ready: {log: up}}\n"
                               "  web: {override: replace, command: run, wait-for: {db: started}}\n");
    struct change *replan = fixture_do(&fixture, SERVICE_REPLAN, "");
    assert_non_null(strstr(last_log(start, 1), "service start attempt: stopped while waiting for \"db\" to be ready"));
    assert_int_equal(change_status(replan), STATUS_DONE);
    assert_state(&fixture, "web", SERVICE_RUNNING);
    fixture_end(&fixture);
}

static void many_waiters(void **state UNUSED) {
    enum { COUNT = 1000 };
    AUTO_BUFFER struct buffer yaml = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_BUFFER struct buffer names = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&yaml, "services:\n  db: {override: replace, command: run, ready: {log: up}}\n");
    for (int i = 0; i < COUNT; i++) {
        buffer_printf(&yaml, "  s%d: {override: replace, command: run, wait-for: {db: ready}}\n", i);
        buffer_printf(&names, "s%d ", i);
    }
    struct fixture fixture;
    fixture_begin(&fixture, buffer_text(&yaml));
    struct change *change = fixture_ask(&fixture, SERVICE_START, buffer_text(&names));
    loop_run_pending(fixture.loop);
    assert_state(&fixture, "s999", SERVICE_WAITING);
    process_write(fixture_service(&fixture, "db"), "up\n");
    loop_advance(fixture.loop, NS_PER_S);
    assert_int_equal(change_status(change), STATUS_DONE);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_waits_until_another_is_ready),
        cmocka_unit_test(readiness_is_that_of_the_process),
        cmocka_unit_test(a_wait_keeps_its_configuration_until_it_is_stopped),
        cmocka_unit_test(a_wait_fails_when_the_other_has_exited),
        cmocka_unit_test(backoff_is_waited_out),
        cmocka_unit_test(a_restart_counts_after_a_second),
        cmocka_unit_test(a_wait_has_a_limit),
        cmocka_unit_test(a_stop_ends_a_wait),
        cmocka_unit_test(an_abort_ends_a_wait),
        cmocka_unit_test(each_condition),
        cmocka_unit_test(a_restart_of_both_waits_for_the_new_run),
        cmocka_unit_test(checks_are_waited_for),
        cmocka_unit_test(a_task_that_is_held_is_not_waited_for),
        cmocka_unit_test(what_takes_long_is_waited_for_in_a_change),
        cmocka_unit_test(what_is_required_must_be_up),
        cmocka_unit_test(those_that_wait_for_it_stop_first),
        cmocka_unit_test(a_chain_stops_in_its_order),
        cmocka_unit_test(a_start_that_failed_is_told),
        cmocka_unit_test(a_stop_that_is_held_can_be_aborted),
        cmocka_unit_test(the_end_of_the_daemon_ends_waits),
        cmocka_unit_test(a_start_of_one_that_waits_joins),
        cmocka_unit_test(a_stop_of_the_other_fails_the_wait),
        cmocka_unit_test(only_starts_by_tasks_wait),
        cmocka_unit_test(retries_of_a_oneshot_are_waited_out),
        cmocka_unit_test(a_replan_ends_a_wait),
        cmocka_unit_test(many_waiters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

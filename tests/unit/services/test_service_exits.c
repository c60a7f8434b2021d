// SPDX-License-Identifier: GPL-3.0-or-later
// Exit codes and the limit of restarts. Backoff and failed checks are in test_service_actions.c.
#include "fixture.h"

static void exit_codes_decide(void **state UNUSED) {
    static const struct {
        const char *keys;
        enum service_state state;
    } cases[] = {
        {"command: exit 3, success-exit-codes: [3], on-success: ignore", SERVICE_COMPLETED},
        {"command: exit 3, success-exit-codes: [3], on-failure: ignore", SERVICE_BACKOFF},
        {"command: exit 3, fatal-exit-codes: [3]", SERVICE_EXITED},
        {"command: exit 3, fatal-exit-codes: [4]", SERVICE_BACKOFF},
        {"command: exit 0, fatal-exit-codes: [0]", SERVICE_COMPLETED},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *yaml = memory_printf("services:\n  one: {override: replace, %s}\n", cases[i].keys);
        struct fixture fixture;
        fixture_begin(&fixture, yaml);
        fixture_do(&fixture, SERVICE_START, "one");
        if (fixture_service(&fixture, "one")->state != cases[i].state)
            fail_msg("case %zu: %s", i, service_state_name(fixture_service(&fixture, "one")->state));
        fixture_end(&fixture);
    }
}

static void the_daemon_may_end_with_the_code(void **state UNUSED) {
    static const struct {
        const char *keys;
        int code;
    } cases[] = {
        {"command: exit 7, on-failure: exit", 7},
        {"command: exit 0, on-success: exit", 0},
        {"command: exit 7, success-exit-codes: [7], on-success: exit", 0},
        {"command: exit 7, type: oneshot, on-failure: exit", 7},
        {"command: exit 0, type: oneshot, on-success: exit", 0},
        {"command: unlaunchable, on-failure: exit", 126},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *yaml = memory_printf("services:\n  one: {override: replace, %s}\n", cases[i].keys);
        struct fixture fixture;
        fixture_begin(&fixture, yaml);
        fixture_do(&fixture, SERVICE_START, "one");
        assert_true(fixture.manager->has_shutdown);
        assert_int_equal(fixture.manager->shutdown.kind, SHUTDOWN_EXIT_CODE);
        assert_int_equal(fixture.manager->shutdown.exit_code, cases[i].code);
        fixture_end(&fixture);
    }
}

// Restarts until there are no more.
static void use_up(struct fixture *fixture, const char *name) {
    for (int i = 0; i < 100 && fixture_service(fixture, name)->state != SERVICE_EXITED; i++)
        loop_advance(fixture->loop, 60 * NS_PER_S);
}

static void restarts_have_a_limit(void **state UNUSED) {
    static const struct {
        const char *action;
        bool has_shutdown;
        enum shutdown_kind kind;
        int code;
    } cases[] = {
        {"ignore", false, SHUTDOWN_SUCCESS, 0},
        {"shutdown", true, SHUTDOWN_SERVICE_FAILURE, 0},
        {"failure-shutdown", true, SHUTDOWN_SERVICE_FAILURE, 0},
        {"success-shutdown", true, SHUTDOWN_SUCCESS, 0},
        {"exit", true, SHUTDOWN_EXIT_CODE, 5},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *yaml = memory_printf("services:\n  one: {override: replace, command: exit 5, "
                                             "max-start-retries: 3, on-max-start-retries: %s}\n",
                                             cases[i].action);
        struct fixture fixture;
        fixture_begin(&fixture, yaml);
        fixture_do(&fixture, SERVICE_START, "one");
        use_up(&fixture, "one");
        assert_state(&fixture, "one", SERVICE_EXITED);
        assert_int_equal(fixture.started_count, 4);
        assert_true(fixture_has_logged(&fixture,
                                       "Service \"one\" has reached the maximum start retries (3), stopping service"));
        assert_int_equal(fixture.manager->has_shutdown, cases[i].has_shutdown);
        assert_int_equal(fixture.manager->shutdown.kind, cases[i].kind);
        assert_int_equal(fixture.manager->shutdown.exit_code, cases[i].code);
        fixture_do(&fixture, SERVICE_START, "one"); // begins to count again
        use_up(&fixture, "one");
        assert_int_equal(fixture.started_count, 8);
        fixture_end(&fixture);
    }
}

static void a_oneshot_fails_when_its_retries_are_used_up(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture,
                  "services:\n  job: {override: replace, command: exit 5, type: oneshot, on-failure: restart,\n"
                  "    max-start-retries: 2}\n");
    struct change *change = fixture_do(&fixture, SERVICE_START, "job");
    assert_error(change, "service start attempt: exited with code 5, will ignore");
    assert_int_equal(fixture.started_count, 3);
    fixture_end(&fixture);
}

static void restarts_after_checks_count(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: run, on-check-failure: {up: restart},\n"
                            "    max-start-retries: 1}\n");
    fixture_do(&fixture, SERVICE_START, "one");
    for (int i = 0; i < 2; i++) {
        service_manager_check_failed(fixture.manager, "up");
        loop_advance(fixture.loop, NS_PER_S);
    }
    assert_state(&fixture, "one", SERVICE_EXITED);
    fixture_end(&fixture);
}

static void a_reset_of_the_backoff_begins_anew(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: run, backoff-limit: 10s,\n"
                            "    max-start-retries: 1}\n");
    fixture_do(&fixture, SERVICE_START, "one");
    for (int i = 0; i < 5; i++) {
        loop_advance(fixture.loop, 20 * NS_PER_S);
        process_end(fixture_service(&fixture, "one"), 1);
        assert_state(&fixture, "one", SERVICE_BACKOFF);
    }
    loop_advance(fixture.loop, 2 * NS_PER_S);
    process_end(fixture_service(&fixture, "one"), 1);
    assert_state(&fixture, "one", SERVICE_EXITED);
    fixture_end(&fixture);
}

// A one-shot that ended with success after its run-timeout has failed.
static void a_job_that_took_too_long_ends_the_daemon_with_a_failure(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  job: {override: replace, command: immortal, type: oneshot, run-timeout: 5s,\n"
                            "    on-failure: exit}\n");
    (void)fixture_ask(&fixture, SERVICE_START, "job");
    loop_advance(fixture.loop, 5 * NS_PER_S);
    process_end(fixture_service(&fixture, "job"), 0);
    assert_int_equal(fixture.manager->shutdown.kind, SHUTDOWN_EXIT_CODE);
    assert_int_not_equal(fixture.manager->shutdown.exit_code, 0);
    fixture_end(&fixture);
}

static void unlimited_retries(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: exit 5, max-start-retries: -1}\n");
    fixture_do(&fixture, SERVICE_START, "one");
    loop_advance(fixture.loop, 3600 * NS_PER_S);
    assert_true(fixture.started_count > 20);
    fixture_end(&fixture);
}

// --- stopping ---

static void the_stop_signal_is_the_services(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture,
                  "services:\n  one: {override: replace, command: run, stop-signal: SIGINT, kill-delay: 3s}\n");
    fixture_do(&fixture, SERVICE_START, "one");
    struct change *change = fixture_ask(&fixture, SERVICE_STOP, "one");
    loop_advance(fixture.loop, NS_PER_S);
    assert_state(&fixture, "one", SERVICE_TERMINATING); // it ends by SIGTERM only
    assert_int_equal(fixture.last_signal, SIGINT);
    loop_advance(fixture.loop, 2 * NS_PER_S);
    assert_int_equal(change_status(change), STATUS_DONE);
    assert_int_equal(fixture.last_signal, SIGKILL);
    fixture_end(&fixture);
}

// Not only at a stop.
static void the_stop_signal_ends_it_for_a_restart(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: run, stop-signal: SIGINT,\n"
                            "    on-check-failure: {up: restart}}\n"
                            "  two: {override: replace, command: run, stop-signal: SIGUSR1, ready: {log: up}}\n"
                            "  job: {override: replace, command: run, stop-signal: SIGUSR2, type: oneshot,\n"
                            "    run-timeout: 60s}\n");
    (void)fixture_ask(&fixture, SERVICE_START, "one two job");
    loop_advance(fixture.loop, 2 * NS_PER_S);
    service_manager_check_failed(fixture.manager, "up");
    assert_int_equal(fixture.last_signal, SIGINT);
    loop_advance(fixture.loop, 23 * NS_PER_S);
    assert_int_equal(fixture.last_signal, SIGUSR1);
    loop_advance(fixture.loop, 35 * NS_PER_S);
    assert_int_equal(fixture.last_signal, SIGUSR2);
    fixture_end(&fixture);
}

static void the_main_process_alone_may_be_signalled(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: run, kill-mode: process}\n"
                            "  two: {override: replace, command: run, kill-mode: group}\n");
    fixture_do(&fixture, SERVICE_START, "one two");
    fixture_do(&fixture, SERVICE_STOP, "one");
    assert_false(fixture.was_group_signalled);
    fixture_do(&fixture, SERVICE_STOP, "two");
    assert_true(fixture.was_group_signalled);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_codes_decide),
        cmocka_unit_test(the_daemon_may_end_with_the_code),
        cmocka_unit_test(restarts_have_a_limit),
        cmocka_unit_test(a_oneshot_fails_when_its_retries_are_used_up),
        cmocka_unit_test(restarts_after_checks_count),
        cmocka_unit_test(a_reset_of_the_backoff_begins_anew),
        cmocka_unit_test(a_job_that_took_too_long_ends_the_daemon_with_a_failure),
        cmocka_unit_test(unlimited_retries),
        cmocka_unit_test(the_stop_signal_is_the_services),
        cmocka_unit_test(the_stop_signal_ends_it_for_a_restart),
        cmocka_unit_test(the_main_process_alone_may_be_signalled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "services/service_wait_internal.h"

#include "services/service_readiness_internal.h"

// --- one-shots ---

static void a_oneshot_is_done_when_it_has_ended(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  job: {override: replace, command: run, type: oneshot}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "job");
    loop_advance(fixture.loop, 10 * NS_PER_S); // there is no start window
    assert_state(&fixture, "job", SERVICE_WORKING);
    assert_int_equal(change_status(change), STATUS_DOING);
    process_end(fixture_service(&fixture, "job"), 0);
    assert_int_equal(change_status(change), STATUS_DONE);
    assert_state(&fixture, "job", SERVICE_COMPLETED);
    fixture_end(&fixture);
}

static void a_failed_oneshot_fails_its_start(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  job: {override: replace, command: run, type: oneshot}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "job");
    loop_run_pending(fixture.loop);
    process_write(fixture_service(&fixture, "job"), "no table\n");
    process_end(fixture_service(&fixture, "job"), 3);
    assert_error(change, "service start attempt: exited with code 3, will ignore");
    assert_non_null(strstr(task_log_line(change_task(change, 0), 0), "no table"));
    assert_state(&fixture, "job", SERVICE_EXITED);
    fixture_end(&fixture);
}

static void a_oneshot_is_tried_again_within_its_task(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture,
                  "services:\n  job: {override: replace, command: run, type: oneshot, on-failure: restart}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "job");
    loop_run_pending(fixture.loop);
    process_end(fixture_service(&fixture, "job"), 1);
    assert_state(&fixture, "job", SERVICE_BACKOFF);
    assert_int_equal(change_status(change), STATUS_DOING);
    assert_non_null(strstr(last_log(change, 0), "exited with a failure, will restart"));
    loop_advance(fixture.loop, NS_PER_S);
    assert_state(&fixture, "job", SERVICE_WORKING);
    process_end(fixture_service(&fixture, "job"), 0);
    assert_int_equal(change_status(change), STATUS_DONE);
    fixture_end(&fixture);
}

static void a_oneshot_has_a_limit(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture,
                  "services:\n  job: {override: replace, command: stubborn, type: oneshot, run-timeout: 5s}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "job");
    loop_advance(fixture.loop, 4 * NS_PER_S);
    assert_state(&fixture, "job", SERVICE_WORKING);
    loop_advance(fixture.loop, NS_PER_S);
    assert_state(&fixture, "job", SERVICE_TIMEOUT_TERMINATING);
    loop_advance(fixture.loop, 5 * NS_PER_S); // kill-delay
    assert_error(change, "service start attempt: timed out after 5s, will ignore");
    assert_state(&fixture, "job", SERVICE_EXITED);
    fixture_end(&fixture);
}

// What ends with success after its limit has failed all the same.
// Its configuration is a new one while its stop is held until `web` has ended.
static void replan_of_job(struct fixture *fixture, const char *job) {
    static const char layer[] = "services:\n  job: {override: replace, command: run, %s}\n  web: {override: replace, "
                                "command: stubborn, wait-for: {job: started}, summary: '%s'}\n";
    AUTO_FREE char *old = memory_printf(layer, "type: oneshot", "");
    AUTO_FREE char *new = memory_printf(layer, job, "x");
    fixture_begin(fixture, old);
    (void)fixture_ask(fixture, SERVICE_START, "web");
    loop_advance(fixture->loop, 2 * NS_PER_S);
    fixture_set_plan(fixture, new);
    (void)fixture_ask(fixture, SERVICE_REPLAN, "");
    loop_advance(fixture->loop, NS_PER_S);
    assert_state(fixture, "web", SERVICE_TERMINATING);
    assert_state(fixture, "job", SERVICE_WORKING);
}

static void a_job_ends_as_one(void **state UNUSED) {
    static const struct {
        const char *job;
        bool shuts_down;
    } cases[] = {{"on-success: shutdown", true}, {"on-success: restart", false}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct fixture fixture;
        replan_of_job(&fixture, cases[i].job);
        assert_false(service_condition_holds(fixture.manager, "job", CONDITION_READY));
        process_end(fixture_service(&fixture, "job"), 0);
        assert_state(&fixture, "job", SERVICE_COMPLETED);
        assert_int_equal(fixture.manager->has_shutdown, cases[i].shuts_down);
        fixture_end(&fixture);
    }
}

static void what_was_launched_as_a_service_is_none(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  web: {override: replace, command: hang}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    fixture_set_plan(&fixture, "services:\n  web: {override: replace, command: hang, type: oneshot}\n");
    (void)fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    loop_defer(fixture.loop, &fixture_service(&fixture, "web")->process->step, on_process_step);
    loop_advance(fixture.loop, 2 * NS_PER_S);
    assert_state(&fixture, "web", SERVICE_RUNNING);
    assert_int_equal(change_status(change), STATUS_DONE);
    fixture_end(&fixture);
}

static void a_job_that_is_none_any_more_is_up_after_a_retry(void **state UNUSED) {
    struct fixture fixture;
    replan_of_job(&fixture, "on-failure: restart");
    struct change *start = fixture_ask(&fixture, SERVICE_START, "job"); // joins
    loop_run_pending(fixture.loop);
    process_end(fixture_service(&fixture, "job"), 1);
    loop_advance(fixture.loop, NS_PER_S);
    assert_state(&fixture, "job", SERVICE_RUNNING);
    assert_int_equal(change_status(start), STATUS_DONE);
    fixture_end(&fixture);
}

static void a_limit_counts_whatever_the_exit_code(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture,
                  "services:\n  job: {override: replace, command: immortal, type: oneshot, run-timeout: 5s}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "job");
    loop_advance(fixture.loop, 5 * NS_PER_S);
    process_end(fixture_service(&fixture, "job"), 0);
    assert_error(change, "timed out after 5s");
    fixture_end(&fixture);
}

static void a_stop_fails_the_start_of_a_oneshot(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  job: {override: replace, command: run, type: oneshot}\n");
    struct change *start = fixture_ask(&fixture, SERVICE_START, "job");
    loop_run_pending(fixture.loop);
    struct change *stop = fixture_do(&fixture, SERVICE_STOP, "job");
    assert_int_equal(change_status(stop), STATUS_DONE);
    assert_error(start, "service start attempt: stopped before it completed");
    assert_state(&fixture, "job", SERVICE_STOPPED);
    fixture_end(&fixture);
}

static void a_completed_oneshot_runs_only_if_it_is_named_or_changed(void **state UNUSED) {
    static const char plan[] =
        "services:\n  job: {override: replace, command: exit 0, type: oneshot, startup: enabled}\n"
        "  web: {override: replace, command: run, requires: [job]}\n";
    struct fixture fixture;
    fixture_begin(&fixture, plan);
    fixture_do(&fixture, SERVICE_AUTOSTART, "");
    assert_int_equal(fixture.started_count, 1);
    struct change *change = fixture_do(&fixture, SERVICE_REPLAN, "");
    assert_int_equal(fixture.started_count, 1);
    assert_non_null(strstr(last_log(change, 0), "Service \"job\" already completed."));
    fixture_do(&fixture, SERVICE_START, "web");
    assert_int_equal(fixture.started_count, 2); // the web server only
    fixture_do(&fixture, SERVICE_START, "job");
    assert_int_equal(fixture.started_count, 3);
    fixture_do(&fixture, SERVICE_RESTART, "job");
    assert_int_equal(fixture.started_count, 4);
    fixture_set_plan(&fixture,
                     "services:\n  job: {override: replace, command: exit 0, type: oneshot, startup: enabled,\n"
                     "    summary: x}\n  web: {override: replace, command: run, requires: [job]}\n");
    fixture_do(&fixture, SERVICE_REPLAN, "");
    assert_int_equal(fixture.started_count, 5);
    fixture_end(&fixture);
}

// A replan that stops it with a service that it requires does not run it again.
static void a_stop_leaves_a_oneshot_complete(void **state UNUSED) {
    static const char plan[] = "services:\n  db: {override: replace, command: run, startup: enabled%s}\n"
                               "  job: {override: replace, command: exit 0, type: oneshot, startup: enabled,\n"
                               "    requires: [db], after: [db]}\n";
    AUTO_FREE char *first = memory_printf(plan, "");
    AUTO_FREE char *second = memory_printf(plan, ", summary: x");
    struct fixture fixture;
    fixture_begin(&fixture, first);
    fixture_do(&fixture, SERVICE_AUTOSTART, "");
    assert_int_equal(fixture.started_count, 2);
    fixture_set_plan(&fixture, second);
    fixture_do(&fixture, SERVICE_REPLAN, "");
    assert_int_equal(fixture.started_count, 3);
    struct change *change = fixture_do(&fixture, SERVICE_STOP, "job");
    assert_non_null(strstr(last_log(change, 0), "Service \"job\" already stopped."));
    assert_state(&fixture, "job", SERVICE_COMPLETED);
    fixture_end(&fixture);
}

// Not only by a replan.
static void a_completed_oneshot_that_has_changed_runs_with_the_next_start(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  job: {override: replace, command: exit 0, type: oneshot}\n"
                            "  web: {override: replace, command: run, requires: [job]}\n");
    fixture_do(&fixture, SERVICE_START, "job");
    fixture_set_plan(&fixture, "services:\n  job: {override: replace, command: exit 0, type: oneshot, summary: x}\n"
                               "  web: {override: replace, command: run, requires: [job]}\n");
    fixture_do(&fixture, SERVICE_START, "web");
    assert_int_equal(fixture.started_count, 3);
    fixture_do(&fixture, SERVICE_STOP, "web");
    fixture_do(&fixture, SERVICE_START, "web");
    assert_int_equal(fixture.started_count, 4);
    fixture_end(&fixture);
}

// --- joined starts ---

static void starts_that_join_end_alike(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  job: {override: replace, command: run, type: oneshot}\n");
    struct change *first = fixture_ask(&fixture, SERVICE_START, "job");
    loop_run_pending(fixture.loop);
    struct change *second = fixture_ask(&fixture, SERVICE_START, "job");
    struct change *third = fixture_ask(&fixture, SERVICE_START, "job");
    loop_run_pending(fixture.loop);
    assert_true(change_abort(third, NULL)); // the others go on
    loop_run_pending(fixture.loop);
    assert_error(third, "start aborted");
    assert_state(&fixture, "job", SERVICE_WORKING);
    process_end(fixture_service(&fixture, "job"), 0);
    assert_int_equal(change_status(first), STATUS_DONE);
    assert_int_equal(change_status(second), STATUS_DONE);
    assert_int_equal(fixture.started_count, 1);
    fixture_end(&fixture);
}

static void an_abort_kills_a_oneshot(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture,
                  "services:\n  job: {override: replace, command: run, type: oneshot, on-failure: restart}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "job");
    loop_run_pending(fixture.loop);
    assert_true(change_abort(change, NULL));
    loop_run_pending(fixture.loop);
    assert_error(change, "start aborted, sent SIGKILL to process");
    change = fixture_ask(&fixture, SERVICE_START, "job");
    loop_run_pending(fixture.loop);
    process_end(fixture_service(&fixture, "job"), 1);
    assert_true(change_abort(change, NULL));
    loop_run_pending(fixture.loop);
    assert_error(change, "start aborted while waiting for backoff");
    assert_state(&fixture, "job", SERVICE_STOPPED);
    fixture_end(&fixture);
}

static void an_abort_kills_as_kill_mode_says(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  job: {override: replace, command: run, type: oneshot, kill-mode: process}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "job");
    loop_run_pending(fixture.loop);
    assert_true(change_abort(change, NULL));
    loop_run_pending(fixture.loop);
    assert_error(change, "start aborted, sent SIGKILL to process");
    assert_int_equal(fixture.last_signal, SIGKILL);
    assert_false(fixture.was_group_signalled);
    fixture_end(&fixture);
}

// --- readiness ---

#define READY_LOG "services:\n  web: {override: replace, command: run, ready: {log: 'ready on [0-9]+$'}}\n"

static void a_line_makes_it_ready(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, READY_LOG);
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
    loop_advance(fixture.loop, 5 * NS_PER_S);
    assert_state(&fixture, "web", SERVICE_GETTING_READY);
    process_write(fixture_service(&fixture, "web"), "ready on port\nready");
    assert_int_equal(change_status(change), STATUS_DOING);
    process_write(fixture_service(&fixture, "web"), " on 80\n");
    assert_int_equal(change_status(change), STATUS_DONE);
    assert_state(&fixture, "web", SERVICE_RUNNING);
    fixture_do(&fixture, SERVICE_STOP, "web");
    fixture_end(&fixture);
}

static void long_lines_are_compared_in_part(void **state UNUSED) {
    static const struct {
        const char *expression;
        bool is_ready;
    } cases[] = {{"^x{200}", true}, {"up", false}};
    AUTO_BUFFER struct buffer line = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 4096; i++)
        buffer_add_string(&line, "x");
    buffer_add_string(&line, "up\n");
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *yaml = memory_printf(
            "services:\n  web: {override: replace, command: run, ready: {log: '%s'}}\n", cases[i].expression);
        struct fixture fixture;
        fixture_begin(&fixture, yaml);
        (void)fixture_ask(&fixture, SERVICE_START, "web");
        loop_run_pending(fixture.loop);
        process_write(fixture_service(&fixture, "web"), buffer_text(&line));
        assert_int_equal(fixture_service(&fixture, "web")->is_ready, cases[i].is_ready);
        process_write(fixture_service(&fixture, "web"), "xup\n"); // the next one is whole
        assert_int_equal(fixture_service(&fixture, "web")->is_ready, true);
        fixture_end(&fixture);
    }
}

static void it_may_exit_before_it_is_ready(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, READY_LOG);
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
    loop_advance(fixture.loop, 2 * NS_PER_S);
    process_end(fixture_service(&fixture, "web"), 4);
    assert_error(change, "service start attempt: exited before it was ready with code 4, will restart");
    assert_state(&fixture, "web", SERVICE_BACKOFF);
    // After the backoff there is no task, but the same rules.
    loop_advance(fixture.loop, NS_PER_S);
    assert_state(&fixture, "web", SERVICE_GETTING_READY);
    process_write(fixture_service(&fixture, "web"), "ready on 80\n");
    assert_state(&fixture, "web", SERVICE_RUNNING);
    fixture_end(&fixture);
}

static void late_services_are_restarted(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, READY_LOG);
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
    loop_advance(fixture.loop, 24 * NS_PER_S);
    assert_state(&fixture, "web", SERVICE_GETTING_READY);
    loop_advance(fixture.loop, NS_PER_S);
    assert_error(change, "service start attempt: not ready after 25s, will restart");
    assert_state(&fixture, "web", SERVICE_BACKOFF);
    assert_true(fixture_has_logged(&fixture, "exited after it was not ready in time, restarting"));
    fixture_end(&fixture);
}

// The configuration may have changed meanwhile, while the process is the same.
static void services_may_be_late_that_have_no_ready_any_more(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, READY_LOG);
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    fixture_set_plan(&fixture, "services:\n  web: {override: replace, command: run}\n");
    (void)fixture_ask(&fixture, SERVICE_START, "web");
    loop_advance(fixture.loop, 25 * NS_PER_S);
    assert_error(change, "not ready after 25s, will restart");
    fixture_end(&fixture);
}

static void late_services_may_become_ready(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  web: {override: replace, command: run, on-failure: ignore,\n"
                            "    ready: {log: up, timeout: 3s}}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_error(change, "service start attempt: not ready after 3s, will ignore");
    assert_state(&fixture, "web", SERVICE_RUNNING);
    assert_false(fixture_service(&fixture, "web")->is_ready);
    process_write(fixture_service(&fixture, "web"), "up\n");
    assert_true(fixture_service(&fixture, "web")->is_ready);
    fixture_end(&fixture);
}

static void late_services_may_end_the_daemon(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  web: {override: replace, command: run, on-failure: shutdown,\n"
                            "    ready: {log: up, timeout: 3s}}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_error(change, "not ready after 3s, will shutdown");
    assert_int_equal(fixture.manager->shutdown.kind, SHUTDOWN_SERVICE_FAILURE);
    fixture_end(&fixture);
}

static void without_a_limit_it_may_take_for_ever(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  web: {override: replace, command: run, ready: {log: up, timeout: 0s}}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
    loop_advance(fixture.loop, 10000 * NS_PER_S);
    assert_int_equal(change_status(change), STATUS_DOING);
    fixture_do(&fixture, SERVICE_STOP, "web");
    assert_error(change, "service start attempt: stopped before it was ready");
    fixture_end(&fixture);
}

static void failed_checks_count_only_when_it_is_ready(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  web: {override: replace, command: run, on-check-failure: {up: restart},\n"
                            "    ready: {log: up}}\n");
    (void)fixture_ask(&fixture, SERVICE_START, "web");
    loop_run_pending(fixture.loop);
    service_manager_check_failed(fixture.manager, "up");
    assert_state(&fixture, "web", SERVICE_GETTING_READY);
    process_write(fixture_service(&fixture, "web"), "up\n");
    service_manager_check_failed(fixture.manager, "up");
    assert_state(&fixture, "web", SERVICE_RESTART_TERMINATING);
    fixture_end(&fixture);
}

static void starts_join_until_it_is_ready(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, READY_LOG);
    struct change *first = fixture_ask(&fixture, SERVICE_START, "web");
    loop_advance(fixture.loop, 5 * NS_PER_S);
    struct change *second = fixture_ask(&fixture, SERVICE_START, "web");
    loop_advance(fixture.loop, 5 * NS_PER_S);
    assert_int_equal(change_status(second), STATUS_DOING);
    process_write(fixture_service(&fixture, "web"), "ready on 80\n");
    assert_int_equal(change_status(first), STATUS_DONE);
    assert_int_equal(change_status(second), STATUS_DONE);
    assert_int_equal(fixture.started_count, 1);
    fixture_end(&fixture);
}

// EXTEND_TIMEOUT_USEC=
static void an_extension_restarts_the_timeout(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  web: {override: replace, command: run, ready: {notify: true}}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
    loop_advance(fixture.loop, 20 * NS_PER_S);
    fixture_service(&fixture, "web")->readiness_handlers->on_extended(60 * NS_PER_S, fixture_service(&fixture, "web"));
    loop_advance(fixture.loop, 59 * NS_PER_S);
    assert_state(&fixture, "web", SERVICE_GETTING_READY);
    loop_advance(fixture.loop, NS_PER_S);
    assert_error(change, "service start attempt: not ready after");
    fixture_end(&fixture);
}

static void backoff_is_reset_only_while_it_is_ready(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  web: {override: replace, command: run, backoff-limit: 10s,\n"
                            "    ready: {log: up, timeout: 0s}}\n");
    (void)fixture_ask(&fixture, SERVICE_START, "web");
    for (int i = 1; i <= 2; i++) {
        loop_advance(fixture.loop, 60 * NS_PER_S);
        process_end(fixture_service(&fixture, "web"), 1);
        assert_int_equal(fixture_service(&fixture, "web")->backoff_count, i);
    }
    loop_advance(fixture.loop, 60 * NS_PER_S);
    process_write(fixture_service(&fixture, "web"), "up\n");
    loop_advance(fixture.loop, 10 * NS_PER_S);
    assert_int_equal(fixture_service(&fixture, "web")->backoff_count, 0);
    fixture_end(&fixture);
}

static void a_late_start_is_a_retry(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  web: {override: replace, command: run, max-start-retries: 2,\n"
                            "    ready: {log: up, timeout: 5s}}\n");
    (void)fixture_ask(&fixture, SERVICE_START, "web");
    loop_advance(fixture.loop, 60 * NS_PER_S);
    assert_state(&fixture, "web", SERVICE_EXITED);
    assert_int_equal(fixture.started_count, 3);
    fixture_end(&fixture);
}

static void a_check_makes_it_ready(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  web: {override: replace, command: run, ready: {check: up}}\n"
                            "checks:\n  up: {override: replace, tcp: {port: 1}}\n");
    fixture.failing_probes = 2;
    struct change *change = fixture_ask(&fixture, SERVICE_START, "web");
    loop_advance(fixture.loop, NS_PER_S);
    assert_state(&fixture, "web", SERVICE_GETTING_READY);
    loop_advance(fixture.loop, NS_PER_S);
    assert_state(&fixture, "web", SERVICE_RUNNING);
    assert_int_equal(change_status(change), STATUS_DONE);
    assert_int_equal(fixture.probe_count, 3);
    loop_advance(fixture.loop, 10 * NS_PER_S);
    assert_int_equal(fixture.probe_count, 3); // no more
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_oneshot_is_done_when_it_has_ended),
        cmocka_unit_test(a_failed_oneshot_fails_its_start),
        cmocka_unit_test(a_oneshot_is_tried_again_within_its_task),
        cmocka_unit_test(a_oneshot_has_a_limit),
        cmocka_unit_test(a_job_ends_as_one),
        cmocka_unit_test(what_was_launched_as_a_service_is_none),
        cmocka_unit_test(a_job_that_is_none_any_more_is_up_after_a_retry),
        cmocka_unit_test(a_limit_counts_whatever_the_exit_code),
        cmocka_unit_test(a_stop_fails_the_start_of_a_oneshot),
        cmocka_unit_test(a_completed_oneshot_runs_only_if_it_is_named_or_changed),
        cmocka_unit_test(a_stop_leaves_a_oneshot_complete),
        cmocka_unit_test(a_completed_oneshot_that_has_changed_runs_with_the_next_start),
        cmocka_unit_test(starts_that_join_end_alike),
        cmocka_unit_test(an_abort_kills_a_oneshot),
        cmocka_unit_test(an_abort_kills_as_kill_mode_says),
        cmocka_unit_test(a_line_makes_it_ready),
        cmocka_unit_test(long_lines_are_compared_in_part),
        cmocka_unit_test(it_may_exit_before_it_is_ready),
        cmocka_unit_test(late_services_are_restarted),
        cmocka_unit_test(services_may_be_late_that_have_no_ready_any_more),
        cmocka_unit_test(late_services_may_become_ready),
        cmocka_unit_test(late_services_may_end_the_daemon),
        cmocka_unit_test(without_a_limit_it_may_take_for_ever),
        cmocka_unit_test(failed_checks_count_only_when_it_is_ready),
        cmocka_unit_test(starts_join_until_it_is_ready),
        cmocka_unit_test(an_extension_restarts_the_timeout),
        cmocka_unit_test(backoff_is_reset_only_while_it_is_ready),
        cmocka_unit_test(a_late_start_is_a_retry),
        cmocka_unit_test(a_check_makes_it_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const char layer[] = "services:\n"
                            "  app: {override: replace, command: run, requires: [db], after: [db], startup: enabled}\n"
                            "  db: {override: replace, command: run}\n"
                            "  lone: {override: replace, command: run}\n";

// The change's summary and tasks on one line.
static char *describe(const struct change *change) {
    struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_printf(&out, "%s:", change_summary(change));
    for (size_t i = 0; i < change_task_count(change); i++)
        buffer_printf(&out, " [%s]", task_summary(change_task(change, i)));
    return buffer_take(&out);
}

static void assert_change(struct fixture *fixture, enum service_action action, const char *names, const char *wanted) {
    AUTO_FREE char *text = describe(fixture_ask(fixture, action, names));
    assert_string_equal(text, wanted);
}

static void assert_refused(struct fixture *fixture, enum service_action action, const char *name, const char *code,
                           const char *wanted) {
    AUTO_TEXT_LIST struct text_list names = {0};
    if (name != NULL)
        text_list_add(&names, name);
    struct change *change = NULL;
    AUTO_ERROR struct error err = {0};
    assert_false(service_manager_request(fixture->manager, action, &names, &change, &err));
    assert_null(change);
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    if (code != NULL)
        assert_true(error_has_code(&err, code));
    else
        assert_null(err.code);
    assert_string_equal(error_text(&err), wanted);
}

static void tasks_and_summaries(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    runner_stop(fixture.runner); // only what is made counts here
    assert_change(&fixture, SERVICE_START, "lone", "Start service \"lone\": [Start service \"lone\"]");
    assert_change(&fixture, SERVICE_START, "app",
                  "Start service \"app\" and 1 more: [Start service \"db\"] [Start service \"app\"]");
    assert_change(&fixture, SERVICE_STOP, "db",
                  "Stop service \"db\" and 1 more: [Stop service \"app\"] [Stop service \"db\"]");
    assert_change(&fixture, SERVICE_RESTART, "db",
                  "Restart service \"db\": [Stop service \"db\"] [Start service \"db\"]");
    assert_change(&fixture, SERVICE_AUTOSTART, "",
                  "Autostart service \"db\" and 1 more: [Start service \"db\"] [Start service \"app\"]");
    fixture_end(&fixture);
}

static void refusals_make_nothing(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n  lone: {override: replace, command: run}\n");
    assert_refused(&fixture, SERVICE_START, NULL, NULL, "must specify services for start action");
    assert_refused(&fixture, SERVICE_STOP, "ghost", NULL, "cannot stop services: service \"ghost\" does not exist");
    assert_refused(&fixture, SERVICE_REPLAN, "lone", NULL, "replan accepts no service names");
    assert_refused(&fixture, SERVICE_AUTOSTART, NULL, "no-default-services", "no default services");
    assert_null(state_find_change(fixture.state, "1"));
    fixture_end(&fixture);
}

static void replan_restarts_what_changed(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    struct change *nothing = fixture_ask(&fixture, SERVICE_REPLAN, ""); // 'app' is enabled
    loop_advance(fixture.loop, 5 * NS_PER_S);
    assert_true(change_is_ready(nothing));
    fixture_do(&fixture, SERVICE_STOP, "app");
    fixture_set_plan(&fixture, "services:\n"
                               "  app: {override: replace, command: run, requires: [db], after: [db]}\n"
                               "  db: {override: replace, command: run, summary: changed}\n"
                               "  lone: {override: replace, command: run, summary: never started}\n");
    assert_change(
        &fixture, SERVICE_REPLAN, "",
        "Replan service \"app\" and 1 more: [Stop service \"app\"] [Stop service \"db\"] [Start service \"db\"]"
        " [Start service \"app\"]");
    // After a replan the configuration is the plan's.
    struct change *again = fixture_ask(&fixture, SERVICE_REPLAN, "");
    assert_string_equal(change_summary(again), "Replan - no services");
    assert_true(change_is_ready(again));
    fixture_end(&fixture);
}

static void a_workload_that_was_dropped_is_gone(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "workloads: {box: {override: replace, user: root}}\n"
                            "services: {one: {override: replace, command: run, workload: box}}\n");
    fixture_do(&fixture, SERVICE_START, "one");
    assert_non_null(fixture_service(&fixture, "one")->workload);
    fixture_set_plan(&fixture, "services: {one: {override: replace, command: run}}\n");
    assert_change(&fixture, SERVICE_REPLAN, "",
                  "Replan service \"one\": [Stop service \"one\"] [Start service \"one\"]");
    assert_null(fixture_service(&fixture, "one")->workload);
    fixture_end(&fixture);
}

static void stop_all_takes_what_runs(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    assert_false(service_manager_is_busy(fixture.manager));
    fixture_do(&fixture, SERVICE_START, "app");
    assert_true(service_manager_is_busy(fixture.manager));
    struct change *stop = fixture_stop_all(&fixture);
    assert_non_null(stop);
    AUTO_FREE char *text = describe(stop);
    assert_string_equal(text, "Stop all running services: [Stop service \"app\"] [Stop service \"db\"]");
    loop_advance(fixture.loop, NS_PER_S);
    assert_int_equal(change_status(stop), STATUS_DONE);
    fixture_end(&fixture);
}

static void nothing_starts_after_stop_all(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    assert_null(fixture_stop_all(&fixture));
    struct change *change = fixture_do(&fixture, SERVICE_START, "lone");
    assert_int_equal(change_status(change), STATUS_ERROR);
    assert_non_null(strstr(last_log(change, 0), "cannot start service while the daemon is stopping"));
    fixture_end(&fixture);
}

// The database ends first and has to wait for the stop of the application.
static void a_backoff_ends_without_a_start_after_stop_all(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n"
                            "  app: {override: replace, command: stubborn, requires: [db], after: [db]}\n"
                            "  db: {override: replace, command: run}\n");
    fixture_do(&fixture, SERVICE_START, "app");
    assert_int_equal(fixture.started_count, 2);
    struct change *stop = fixture_stop_all(&fixture);
    loop_run_pending(fixture.loop);
    process_end(fixture_service(&fixture, "db"), 1);
    assert_int_equal(fixture_service(&fixture, "db")->state, SERVICE_BACKOFF);
    loop_advance(fixture.loop, 2 * NS_PER_S);
    assert_int_equal(fixture_service(&fixture, "db")->state, SERVICE_BACKOFF);
    loop_advance(fixture.loop, 10 * NS_PER_S);
    assert_int_equal(change_status(stop), STATUS_DONE);
    assert_int_equal(fixture_service(&fixture, "db")->state, SERVICE_STOPPED);
    assert_int_equal(fixture.started_count, 2);
    fixture_end(&fixture);
}

static void a_failed_check_starts_nothing_after_stop_all(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "services:\n"
                            "  lone: {override: replace, command: run, on-failure: ignore,"
                            " on-check-failure: {up: restart}}\n"
                            "checks:\n  up: {override: replace, tcp: {port: 1}}\n");
    fixture_do(&fixture, SERVICE_START, "lone");
    process_end(fixture_service(&fixture, "lone"), 1);
    assert_int_equal(fixture_service(&fixture, "lone")->state, SERVICE_EXITED);
    assert_null(fixture_stop_all(&fixture));
    service_manager_check_failed(fixture.manager, "up");
    loop_advance(fixture.loop, 10 * NS_PER_S);
    assert_int_equal(fixture_service(&fixture, "lone")->state, SERVICE_EXITED);
    assert_int_equal(fixture.started_count, 1);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_and_summaries),
        cmocka_unit_test(refusals_make_nothing),
        cmocka_unit_test(replan_restarts_what_changed),
        cmocka_unit_test(a_workload_that_was_dropped_is_gone),
        cmocka_unit_test(stop_all_takes_what_runs),
        cmocka_unit_test(nothing_starts_after_stop_all),
        cmocka_unit_test(a_backoff_ends_without_a_start_after_stop_all),
        cmocka_unit_test(a_failed_check_starts_nothing_after_stop_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

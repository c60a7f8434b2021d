// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const char layer[] = "services:\n  one: {override: replace, command: run}\n";

static void what_needs_no_action_is_logged(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    assert_non_null(
        strstr(last_log(fixture_do(&fixture, SERVICE_STOP, "one"), 0), "Service \"one\" has never been started."));
    fixture_do(&fixture, SERVICE_START, "one");
    assert_non_null(
        strstr(last_log(fixture_do(&fixture, SERVICE_START, "one"), 0), "Service \"one\" already started."));
    fixture_do(&fixture, SERVICE_STOP, "one");
    assert_non_null(strstr(last_log(fixture_do(&fixture, SERVICE_STOP, "one"), 0), "Service \"one\" already stopped."));
    fixture_end(&fixture);
}

static void a_start_begun_by_another_daemon_is_not_done_again(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    struct change *change = change_create(fixture.state, "start", "Start service \"one\"");
    struct task *task = task_create(change, "start", "Start service \"one\"");
    task_set_data(task, "service-request", json_pack("{s:s}", "Name", "one"));
    task_set_data(task, "started", json_true());
    runner_wake(fixture.runner);
    loop_advance(fixture.loop, NS_PER_S);
    assert_int_equal(change_status(change), STATUS_ERROR);
    assert_non_null(strstr(last_log(change, 0), "ERROR service already started, not retrying"));
    assert_false(map_has(&fixture.manager->services, "one"));
    fixture_end(&fixture);
}

static void a_service_that_left_the_plan_cannot_start(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, layer);
    struct change *change = fixture_ask(&fixture, SERVICE_START, "one");
    fixture_set_plan(&fixture, "services: {}\n");
    loop_advance(fixture.loop, NS_PER_S);
    assert_non_null(strstr(last_log(change, 0), "cannot find service \"one\" in plan"));
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_needs_no_action_is_logged),
        cmocka_unit_test(a_start_begun_by_another_daemon_is_not_done_again),
        cmocka_unit_test(a_service_that_left_the_plan_cannot_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static const struct exec_request plain = {0};

static void task_of_another_daemon_is_not_run_again(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct change *change = change_create(fixture.state, "exec", "Execute command \"touch\"");
    (void)task_create(change, "exec", "Execute command \"touch\"");
    loop_run_pending(fixture.loop);
    assert_result(change, "Done none");
    assert_int_equal(fixture.jobs_started, 0);
    fixture_end(&fixture);
}

static void command_aborted_before_its_task_begins_is_dropped(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    runner_stop(fixture.runner);
    struct start_result started;
    fixture_start(&fixture, "run", &plain, &started);
    assert_int_equal(change_status(started.change), STATUS_DO);
    assert_true(change_abort(started.change, NULL));
    loop_run_pending(fixture.loop);
    assert_result(started.change, "Hold none");
    assert_false(exec_manager_is_busy(fixture.manager));
    start_result_finish(&started);
    fixture_end(&fixture);
}

static void task_that_begins_while_the_daemon_stops_fails(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    exec_manager_stop_all(fixture.manager);
    struct change *change = change_create(fixture.state, "exec", "Execute command \"touch\"");
    (void)task_create(change, "exec", "Execute command \"touch\"");
    loop_run_pending(fixture.loop);
    assert_result(change, "Error none (context canceled)");
    fixture_end(&fixture);
}

static void stop_leaves_a_task_that_has_not_begun(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    runner_stop(fixture.runner);
    struct start_result started;
    fixture_start(&fixture, "run", &plain, &started);
    exec_manager_stop_all(fixture.manager);
    assert_int_equal(change_status(started.change), STATUS_DO);
    assert_false(exec_manager_is_busy(fixture.manager));
    start_result_finish(&started);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(task_of_another_daemon_is_not_run_again),
        cmocka_unit_test(command_aborted_before_its_task_begins_is_dropped),
        cmocka_unit_test(task_that_begins_while_the_daemon_stops_fails),
        cmocka_unit_test(stop_leaves_a_task_that_has_not_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

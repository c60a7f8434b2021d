// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#define DOOR(threshold) "checks:\n  door: {override: replace, threshold: " #threshold ", exec: {command: pass}}\n"

static void failures_below_the_threshold_leave_it_up(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DOOR(3));
    assert_brief(&fixture, "door", "up 0 0/3 1<-");
    assert_string_equal(fixture_refresh(&fixture, "door", "fail"), "exit status 7; door is shut");
    assert_brief(&fixture, "door", "up 0 1/3 1<-");
    (void)fixture_refresh(&fixture, "door", "fail");
    assert_string_equal(fixture_refresh(&fixture, "door", "pass"), "");
    assert_brief(&fixture, "door", "up 1 0/3 1<-");
    (void)fixture_refresh(&fixture, "door", "fail");
    (void)fixture_refresh(&fixture, "door", "pass");
    assert_brief(&fixture, "door", "up 2 0/3 1<-");
    assert_int_equal(log_count(&fixture, "1"), 5);
    assert_string_equal(log_line(&fixture, "1", 0), "ERROR exit status 7; door is shut");
    assert_string_equal(log_line(&fixture, "1", 2), "INFO succeeded after 2 failures");
    assert_string_equal(log_line(&fixture, "1", 4), "INFO succeeded after 1 failure");
    assert_true(fixture_has_logged(&fixture, "[pebble] Check \"door\" failure 1/3: exit status 7\n"));
    assert_int_equal(fixture.failed.count, 0);
    fixture_end(&fixture);
}

static void at_the_threshold_another_change_takes_over(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DOOR(2));
    (void)fixture_refresh(&fixture, "door", "pass");
    (void)fixture_refresh(&fixture, "door", "fail");
    (void)fixture_refresh(&fixture, "door", "fail");
    assert_brief(&fixture, "door", "down 1 2/2 2<1");
    assert_change(&fixture, "1", "perform-check", STATUS_ERROR);
    AUTO_FREE char *error = change_error(fixture_change(&fixture, "1"));
    assert_string_equal(error, "cannot perform the following tasks:\n"
                               "- Perform exec check \"door\" (exit status 7; door is shut)\n"
                               "- Perform exec check \"door\" (exit status 7; door is shut)");
    assert_change(&fixture, "2", "recover-check", STATUS_DOING);
    assert_string_equal(change_summary(fixture_change(&fixture, "2")), "Recover exec check \"door\"");
    assert_true(fixture_has_logged(&fixture, "Check \"door\" threshold 2 hit, triggering action and recovering\n"));
    (void)fixture_refresh(&fixture, "door", "fail");
    assert_brief(&fixture, "door", "down 1 3/2 2<1");
    assert_true(fixture_has_logged(&fixture, "Check \"door\" failure 3/2: exit status 7\n"));
    assert_int_equal(fixture.failed.count, 1); // once for each fall
    assert_string_equal(fixture.failed.items[0], "door");
    fixture_end(&fixture);
}

static void a_success_ends_the_recovery(void **unused UNUSED) {
    static const char *const successes[] = {"up 1 0/1 3<2", "up 2 0/1 3<2", "up 3 0/1 3<2"};
    struct fixture fixture;
    fixture_begin(&fixture, DOOR(1));
    for (int i = 0; i < 3; i++)
        (void)fixture_refresh(&fixture, "door", "pass");
    (void)fixture_refresh(&fixture, "door", "fail");
    assert_brief(&fixture, "door", "down 3 1/1 2<1");
    (void)fixture_refresh(&fixture, "door", "pass");
    assert_brief(&fixture, "door", "up 1 0/1 3<2");
    assert_change(&fixture, "2", "recover-check", STATUS_DONE);
    assert_change(&fixture, "3", "perform-check", STATUS_DOING);
    // The next success is the first of the new change, so that the count stays at 1 once.
    for (size_t i = 0; i < ARRAY_COUNT(successes); i++) {
        (void)fixture_refresh(&fixture, "door", "pass");
        assert_brief(&fixture, "door", successes[i]);
    }
    (void)fixture_refresh(&fixture, "door", "fail");
    assert_int_equal(fixture.failed.count, 2);
    fixture_end(&fixture);
}

static void a_failure_after_a_recovery_shows_no_successes(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DOOR(2));
    (void)fixture_refresh(&fixture, "door", "pass");
    (void)fixture_refresh(&fixture, "door", "fail");
    (void)fixture_refresh(&fixture, "door", "fail");
    assert_brief(&fixture, "door", "down 1 2/2 2<1");
    (void)fixture_refresh(&fixture, "door", "pass");
    assert_brief(&fixture, "door", "up 1 0/2 3<2");
    (void)fixture_refresh(&fixture, "door", "fail");
    assert_brief(&fixture, "door", "up 0 1/2 3<2");
    (void)fixture_refresh(&fixture, "door", "pass");
    assert_brief(&fixture, "door", "up 1 0/2 3<2");
    fixture_end(&fixture);
}

static void a_fall_after_a_recovery_shows_no_successes(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DOOR(1));
    (void)fixture_refresh(&fixture, "door", "pass");
    (void)fixture_refresh(&fixture, "door", "fail");
    (void)fixture_refresh(&fixture, "door", "pass");
    assert_brief(&fixture, "door", "up 1 0/1 3<2");
    (void)fixture_refresh(&fixture, "door", "fail");
    assert_brief(&fixture, "door", "down 0 1/1 4<3");
    (void)fixture_refresh(&fixture, "door", "fail");
    assert_brief(&fixture, "door", "down 0 2/1 4<3");
    fixture_end(&fixture);
}

static void stopping_ends_the_change_and_keeps_the_counts(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DOOR(2));
    (void)fixture_refresh(&fixture, "door", "pass");
    for (int i = 0; i < 3; i++)
        (void)fixture_refresh(&fixture, "door", "fail");
    fixture_ask(&fixture, false, "door", "door");
    assert_brief(&fixture, "door", "inactive 1 3/2 -<1");
    assert_change(&fixture, "2", "recover-check", STATUS_DONE);
    loop_advance(fixture.loop, 100 * NS_PER_S);
    assert_int_equal(fixture.started, 4);
    fixture_ask(&fixture, true, "door", "door");
    assert_brief(&fixture, "door", "up 0 0/2 3<-");
    fixture_end(&fixture);
}

static void a_check_that_is_stopped_before_its_task_begins_leaves_it_done(void **unused UNUSED) {
    struct fixture fixture;
    AUTO_TEXT_LIST struct text_list names = {0};
    AUTO_TEXT_LIST struct text_list changed = {0};
    fixture_begin(&fixture, "summary: nothing\n");
    fixture_set_plan(&fixture, DOOR(1));
    text_list_add(&names, "door");
    assert_true(check_manager_stop(fixture.manager, &names, &changed, NULL));
    assert_brief(&fixture, "door", "inactive 0 0/1 -<-");
    assert_true(check_manager_start(fixture.manager, &names, &changed, NULL));
    loop_run_pending(fixture.loop);
    assert_change(&fixture, "1", "perform-check", STATUS_DONE);
    assert_brief(&fixture, "door", "up 0 0/1 2<-");
    assert_change(&fixture, "2", "perform-check", STATUS_DOING);
    fixture_end(&fixture);
}

static void stopping_cancels_the_probe(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "checks:\n  door: {override: replace, period: 1s, exec: {command: hang}}\n");
    loop_advance(fixture.loop, 1100 * NS_PER_MS);
    assert_int_equal(fixture.started, 1);
    assert_int_equal(fixture_check(&fixture, "door")->state, CHECK_UP_PROBING);
    fixture_ask(&fixture, false, "door", "door");
    assert_int_equal(fixture.cancelled, 1);
    assert_true(list_is_empty(&fixture.probes));
    loop_advance(fixture.loop, 10 * NS_PER_S);
    assert_brief(&fixture, "door", "inactive 0 0/3 -<-");
    fixture_end(&fixture);
}

static void a_probe_that_cannot_start_has_failed(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DOOR(1));
    assert_string_equal(fixture_refresh(&fixture, "door", "missing"), "exec: not found");
    assert_brief(&fixture, "door", "down 0 1/1 2<1");
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_below_the_threshold_leave_it_up),
        cmocka_unit_test(at_the_threshold_another_change_takes_over),
        cmocka_unit_test(a_success_ends_the_recovery),
        cmocka_unit_test(a_failure_after_a_recovery_shows_no_successes),
        cmocka_unit_test(a_fall_after_a_recovery_shows_no_successes),
        cmocka_unit_test(stopping_ends_the_change_and_keeps_the_counts),
        cmocka_unit_test(a_check_that_is_stopped_before_its_task_begins_leaves_it_done),
        cmocka_unit_test(stopping_cancels_the_probe),
        cmocka_unit_test(a_probe_that_cannot_start_has_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

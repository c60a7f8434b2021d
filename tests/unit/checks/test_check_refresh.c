// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#define DOOR(startup) "checks:\n  door: {override: replace, period: 10s, startup: " startup ", exec: {command: pass}}\n"

static void an_inactive_check_counts_nothing(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DOOR("disabled"));
    assert_string_equal(fixture_refresh(&fixture, "door", "fail"), "exit status 7; door is shut");
    assert_string_equal(fixture_refresh(&fixture, "door", "pass"), "");
    assert_brief(&fixture, "door", "inactive 0 0/3 -<-");
    assert_null(state_find_change(fixture.state, "1"));
    fixture_end(&fixture);
}

static void refreshes_of_one_check_run_one_after_the_other(void **unused UNUSED) {
    struct fixture fixture;
    struct refreshed first, second;
    fixture_begin(&fixture, DOOR("enabled"));
    fixture.outcome = "hang";
    fixture_start_refresh(&fixture, "door", &first);
    fixture_start_refresh(&fixture, "door", &second);
    assert_int_equal(fixture.started, 1);
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_int_equal(first.calls, 1);
    assert_int_equal(second.calls, 0);
    assert_int_equal(fixture.started, 2);
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_int_equal(second.calls, 1);
    assert_brief(&fixture, "door", "up 0 2/3 1<-");
    fixture_end(&fixture);
}

static void a_refresh_during_a_probe_gets_a_probe_of_its_own(void **unused UNUSED) {
    struct fixture fixture;
    struct refreshed refreshed;
    fixture_begin(&fixture, DOOR("enabled"));
    fixture.outcome = "hang";
    loop_advance(fixture.loop, 11 * NS_PER_S);
    assert_int_equal(fixture.started, 1);
    fixture_start_refresh(&fixture, "door", &refreshed);
    fixture.outcome = "pass";
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_int_equal(fixture.started, 2);
    assert_string_equal(refreshed.failure, "");
    fixture_end(&fixture);
}

static void a_refresh_resets_the_period(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DOOR("enabled"));
    loop_advance(fixture.loop, 9 * NS_PER_S);
    (void)fixture_refresh(&fixture, "door", "pass");
    loop_advance(fixture.loop, 9999 * NS_PER_MS);
    assert_int_equal(fixture.started, 1);
    loop_advance(fixture.loop, NS_PER_MS);
    assert_int_equal(fixture.started, 2);
    fixture_end(&fixture);
}

static void cancelling_leaves_the_probe_of_an_active_check(void **unused UNUSED) {
    struct fixture fixture;
    struct refreshed refreshed, other;
    fixture_begin(&fixture, DOOR("enabled"));
    fixture_start_refresh(&fixture, "door", &refreshed);
    fixture_start_refresh(&fixture, "door", &other);
    check_refresh_cancel(refreshed.refresh);
    check_refresh_cancel(other.refresh);
    loop_run_pending(fixture.loop);
    assert_int_equal(refreshed.calls + other.calls, 0);
    assert_int_equal(fixture.started, 1);
    assert_brief(&fixture, "door", "up 1 0/3 1<-");
    fixture_end(&fixture);
}

static void cancelling_ends_the_probe_of_an_inactive_check(void **unused UNUSED) {
    struct fixture fixture;
    struct refreshed refreshed, other;
    fixture_begin(&fixture, DOOR("disabled"));
    fixture_start_refresh(&fixture, "door", &refreshed);
    fixture_start_refresh(&fixture, "door", &other);
    check_refresh_cancel(refreshed.refresh);
    assert_int_equal(fixture.cancelled, 1);
    assert_int_equal(fixture.started, 2);
    loop_run_pending(fixture.loop);
    assert_int_equal(other.calls, 1);
    fixture_start_refresh(&fixture, "door", &refreshed);
    check_refresh_cancel(refreshed.refresh);
    assert_int_equal(fixture_check(&fixture, "door")->state, CHECK_INACTIVE);
    fixture_end(&fixture);
}

static void a_start_or_stop_runs_the_refresh_again(void **unused UNUSED) {
    struct fixture fixture;
    struct refreshed refreshed;
    fixture_begin(&fixture, DOOR("disabled"));
    fixture.outcome = "hang";
    fixture_start_refresh(&fixture, "door", &refreshed);
    fixture_ask(&fixture, true, "door", "door");
    assert_int_equal(fixture.cancelled, 1);
    assert_int_equal(fixture.started, 2);
    fixture.outcome = "fail";
    fixture_ask(&fixture, false, "door", "door");
    assert_int_equal(fixture.started, 3);
    assert_int_equal(refreshed.calls, 1);
    assert_string_equal(refreshed.status, "inactive");
    assert_string_equal(refreshed.failure, "exit status 7; door is shut");
    assert_brief(&fixture, "door", "inactive 0 0/3 -<-");
    fixture_end(&fixture);
}

static void a_plan_change_during_a_probe_runs_the_refresh_with_the_new_check(void **unused UNUSED) {
    struct fixture fixture;
    struct refreshed refreshed;
    fixture_begin(&fixture, "checks:\n  door: {override: replace, exec: {command: hang}}\n");
    fixture_start_refresh(&fixture, "door", &refreshed);
    fixture_set_plan(&fixture, "checks:\n  door: {override: replace, exec: {command: fail}}\n");
    loop_run_pending(fixture.loop);
    assert_int_equal(refreshed.calls, 1);
    assert_string_equal(refreshed.failure, "exit status 7; door is shut");
    assert_brief(&fixture, "door", "up 0 1/3 2<-");
    fixture_end(&fixture);
}

static void an_altered_disabled_check_runs_the_refresh_again(void **unused UNUSED) {
    struct fixture fixture;
    struct refreshed refreshed;
    fixture_begin(&fixture, "checks:\n  door: {override: replace, startup: disabled, exec: {command: hang}}\n");
    fixture_start_refresh(&fixture, "door", &refreshed);
    fixture_set_plan(&fixture, "checks:\n  door: {override: replace, startup: disabled, exec: {command: fail}}\n");
    assert_int_equal(fixture.cancelled, 1);
    loop_run_pending(fixture.loop);
    assert_int_equal(refreshed.calls, 1);
    assert_string_equal(refreshed.failure, "exit status 7; door is shut");
    assert_brief(&fixture, "door", "inactive 0 0/3 -<-");
    fixture_end(&fixture);
}

static void a_check_that_is_removed_fails_its_refreshes(void **unused UNUSED) {
    struct fixture fixture;
    struct refreshed refreshed;
    AUTO_ERROR struct error err = {0};
    fixture_begin(&fixture, "checks:\n  door: {override: replace, exec: {command: hang}}\n");
    fixture_start_refresh(&fixture, "door", &refreshed);
    fixture_set_plan(&fixture, "summary: no checks\n");
    assert_int_equal(refreshed.calls, 1);
    assert_int_equal(refreshed.error, ERROR_NOT_FOUND);
    assert_null(check_manager_refresh(fixture.manager, "door", on_check_refreshed, &refreshed, &err));
    assert_int_equal(err.kind, ERROR_NOT_FOUND);
    assert_string_equal(error_text(&err), "cannot find check with name \"door\"");
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inactive_check_counts_nothing),
        cmocka_unit_test(refreshes_of_one_check_run_one_after_the_other),
        cmocka_unit_test(a_refresh_during_a_probe_gets_a_probe_of_its_own),
        cmocka_unit_test(a_refresh_resets_the_period),
        cmocka_unit_test(cancelling_leaves_the_probe_of_an_active_check),
        cmocka_unit_test(cancelling_ends_the_probe_of_an_inactive_check),
        cmocka_unit_test(a_start_or_stop_runs_the_refresh_again),
        cmocka_unit_test(a_plan_change_during_a_probe_runs_the_refresh_with_the_new_check),
        cmocka_unit_test(an_altered_disabled_check_runs_the_refresh_again),
        cmocka_unit_test(a_check_that_is_removed_fails_its_refreshes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

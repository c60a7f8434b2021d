// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "state/notice.h"
#include "state/task_internal.h"

#define DOOR "checks:\n  door: {override: replace, threshold: 1, tcp: {port: 1}}\n"
#define GATE "checks:\n  door: {override: replace, threshold: 1, exec: {command: pass}}\n"

static void changes_have_their_data(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, DOOR);
    const struct change *change = fixture_change(&fixture, "1");
    const struct task *task = change_task(change, 0);
    assert_string_equal(change_kind(change), "perform-check");
    assert_string_equal(change_summary(change), "Perform TCP check \"door\"");
    assert_string_equal(task_kind(task), "perform-check");
    assert_string_equal(task_summary(task), "Perform TCP check \"door\"");
    assert_true(json_is_true(change_data(change, "check-no-prune")));
    const json_t *data = change_data(change, "notice-data");
    assert_string_equal(json_string_value(json_object_get(data, "check-name")), "door");
    assert_int_equal(task_status(task), STATUS_DOING);
    fixture_end(&fixture);
}

static void summaries_name_the_kind(void **unused UNUSED) {
    static const struct {
        const char *config, *perform, *recover;
    } cases[] = {
        {"http: {url: 'http://h/'}", "Perform HTTP check \"door\"", "Recover HTTP check \"door\""},
        {"tcp: {port: 1}", "Perform TCP check \"door\"", "Recover TCP check \"door\""},
        {"exec: {command: pass}", "Perform exec check \"door\"", "Recover exec check \"door\""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct fixture fixture;
        AUTO_FREE char *yaml =
            memory_printf("checks:\n  door: {override: replace, threshold: 1, %s}\n", cases[i].config);
        fixture_begin(&fixture, yaml);
        (void)fixture_refresh(&fixture, "door", "fail");
        assert_string_equal(change_summary(fixture_change(&fixture, "1")), cases[i].perform);
        assert_string_equal(change_summary(fixture_change(&fixture, "2")), cases[i].recover);
        fixture_end(&fixture);
    }
}

static int64_t detail(struct fixture *fixture, const char *change, const char *name) {
    const json_t *details = task_data(change_task(fixture_change(fixture, change), 0), "check-details");
    return json_integer_value(json_object_get(details, name));
}

static void tasks_have_the_counts(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, GATE);
    (void)fixture_refresh(&fixture, "door", "fail");
    assert_int_equal(detail(&fixture, "1", "failures"), 1);
    const json_t *details = task_data(change_task(fixture_change(&fixture, "1"), 0), "check-details");
    assert_true(json_is_true(json_object_get(details, "proceed")));
    assert_int_equal(detail(&fixture, "2", "failures"), 1);
    fixture_end(&fixture);
}

// That of the recovery is not carried over to the next changes.
static void tasks_have_the_successes_of_their_change(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, GATE);
    (void)fixture_refresh(&fixture, "door", "pass");
    (void)fixture_refresh(&fixture, "door", "fail");
    assert_int_equal(detail(&fixture, "1", "successes"), 1);
    assert_int_equal(detail(&fixture, "2", "successes"), 1);
    (void)fixture_refresh(&fixture, "door", "pass");
    assert_int_equal(detail(&fixture, "2", "successes"), 1);
    assert_int_equal(detail(&fixture, "3", "successes"), 0);
    (void)fixture_refresh(&fixture, "door", "fail");
    assert_int_equal(detail(&fixture, "3", "successes"), 0);
    assert_int_equal(detail(&fixture, "4", "successes"), 0);
    fixture_end(&fixture);
}

// Whether their task had begun or not.
static void changes_of_a_killed_daemon_are_held(void **unused UNUSED) {
    struct state *state = state_create();
    for (int i = 0; i < 40; i++) {
        struct change *change = change_create_with_notice_data(state, i % 2 == 0 ? "perform-check" : "recover-check",
                                                               "Check", json_pack("{s:s}", "check-name", "door"));
        struct task *task = task_create(change, change_kind(change), "Check");
        if (i % 3 == 0)
            task_set_status(task, STATUS_DOING);
    }
    struct fixture fixture;
    fixture_begin_with(&fixture, state, GATE);
    for (int i = 1; i <= 40; i++) {
        AUTO_FREE char *id = memory_printf("%d", i);
        assert_int_equal(change_status(fixture_change(&fixture, id)), STATUS_HOLD);
        assert_true(change_is_ready(fixture_change(&fixture, id)));
    }
    assert_brief(&fixture, "door", "up 0 0/1 41<-");
    assert_change(&fixture, "41", "perform-check", STATUS_DOING);
    fixture_end(&fixture);
}

static void an_abort_stops_the_check(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, GATE);
    assert_true(change_abort(fixture_change(&fixture, "1"), NULL));
    loop_run_pending(fixture.loop);
    assert_brief(&fixture, "door", "inactive 0 0/1 -<-");
    assert_change(&fixture, "1", "perform-check", STATUS_DONE);
    fixture_end(&fixture);
}

static void an_abort_before_the_task_begins_stops_the_check(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, "summary: nothing\n");
    fixture_set_plan(&fixture, GATE);
    assert_true(change_abort(fixture_change(&fixture, "1"), NULL));
    assert_brief(&fixture, "door", "inactive 0 0/1 -<-");
    loop_advance(fixture.loop, 100 * NS_PER_S);
    assert_int_equal(fixture.started, 0);
    assert_change(&fixture, "1", "perform-check", STATUS_HOLD);
    fixture_end(&fixture);
}

static void logs_keep_ten_lines(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture, GATE);
    for (int i = 0; i < 20; i++)
        (void)fixture_refresh(&fixture, "door", "fail");
    assert_int_equal(log_count(&fixture, "2"), 10);
    assert_brief(&fixture, "door", "down 0 20/1 2<1");
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_have_their_data),
        cmocka_unit_test(summaries_name_the_kind),
        cmocka_unit_test(tasks_have_the_counts),
        cmocka_unit_test(tasks_have_the_successes_of_their_change),
        cmocka_unit_test(changes_of_a_killed_daemon_are_held),
        cmocka_unit_test(an_abort_stops_the_check),
        cmocka_unit_test(an_abort_before_the_task_begins_stops_the_check),
        cmocka_unit_test(logs_keep_ten_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

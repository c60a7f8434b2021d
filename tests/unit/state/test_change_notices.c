// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void records_a_notice_at_each_status(void **unused UNUSED) {
    struct state *state = state_create();
    struct change *change = change_create(state, "start", "Start");
    const struct notice *notice = notice_of_change(state, change);
    assert_int_equal(notice->occurrences, 1);
    assert_false(notice->has_user_id);
    assert_string_equal(notice->data_names.items[0], "kind");
    assert_string_equal(notice->data_values.items[0], "start");
    struct task *a = task_create(change, "start", "a");
    struct task *b = task_create(change, "start", "b");
    task_wait_for(b, a);
    task_set_status(a, STATUS_DOING);
    assert_int_equal(notice->occurrences, 2);
    // Between the two tasks the change is Do, which is not worth a notice.
    task_set_status(a, STATUS_DONE);
    task_set_status(b, STATUS_DOING);
    assert_int_equal(notice->occurrences, 2);
    task_set_status(b, STATUS_DONE);
    assert_int_equal(notice->occurrences, 3);
    assert_int_equal(change->notice_status, STATUS_DONE);
    state_destroy(state);
}

static void notice_data_is_there_from_the_first_notice(void **unused UNUSED) {
    struct state *state = state_create();
    struct counter added = {0};
    counter_listen(&added, state_notice_added(state));
    struct change *change =
        change_create_with_notice_data(state, "perform-check", "Check", json_pack("{s:s}", "check-name", "up"));
    const struct notice *notice = added.latest;
    assert_int_equal(added.count, 1);
    assert_string_equal(notice->key, change_id(change));
    assert_int_equal(notice->data_names.count, 2);
    assert_string_equal(notice->data_names.items[0], "check-name");
    assert_string_equal(notice->data_values.items[0], "up");
    assert_string_equal(notice->data_names.items[1], "kind");
    assert_string_equal(notice->data_values.items[1], "perform-check");
    event_remove(&added.listener);
    state_destroy(state);
}

static void a_removed_change_takes_its_notice_with_it(void **unused UNUSED) {
    struct state *state = state_create();
    struct change *first = change_create(state, "start", "Start");
    struct change *second = change_create(state, "start", "Start");
    change_remove(first);
    assert_null(notice_find(state, &(struct notice_spec){.type = "change-update", .key = "1"}));
    assert_non_null(notice_of_change(state, second));
    state_destroy(state);
}

static void is_recorded_before_others_are_notified(void **unused UNUSED) {
    struct state *state = state_create();
    struct counter updated = {0};
    counter_listen(&updated, state_change_updated(state));
    struct change *change = change_create(state, "start", "Start");
    struct task *task = task_create(change, "start", "a");
    task_set_status(task, STATUS_DOING);
    assert_int_equal(updated.count, 1);
    assert_int_equal(change->notice_status, STATUS_DOING);
    event_remove(&updated.listener);
    state_destroy(state);
}

// A change with one running task as an earlier daemon left it, whose last notice was for `notice_status`.
static struct state *state_with_running_task(int notice_status) {
    AUTO_FREE char *text = memory_printf(
        "{\"data\":{\"patch-level\":2},\"changes\":{\"1\":{\"id\":\"1\",\"kind\":\"start\",\"summary\":\"s\","
        "\"status\":0,\"task-ids\":[\"1\",\"2\"],\"last-recorded-notice-status\":%d}},\"tasks\":{"
        "\"1\":{\"id\":\"1\",\"kind\":\"start\",\"summary\":\"a\",\"status\":3,\"change\":\"1\"},"
        "\"2\":{\"id\":\"2\",\"kind\":\"start\",\"summary\":\"b\",\"status\":2,\"change\":\"1\"}}}",
        notice_status);
    return state_of(text);
}

static void after_a_restart_only_a_new_status_is_recorded(void **unused UNUSED) {
    struct state *state = state_with_running_task(STATUS_DOING);
    const struct change *change = state_find_change(state, "1");
    task_set_status(change_task(change, 1), STATUS_DOING);
    task_set_status(change_task(change, 0), STATUS_DONE);
    assert_null(notice_of_change(state, change));
    task_set_status(change_task(change, 1), STATUS_DONE);
    assert_int_equal(notice_of_change(state, change)->occurrences, 1);
    state_destroy(state);
}

static void after_a_restart_a_missed_status_is_recorded(void **unused UNUSED) {
    struct state *state = state_with_running_task(STATUS_DEFAULT);
    const struct change *change = state_find_change(state, "1");
    assert_null(notice_of_change(state, change));
    task_set_status(change_task(change, 1), STATUS_DOING);
    assert_int_equal(notice_of_change(state, change)->occurrences, 1);
    state_destroy(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_a_notice_at_each_status),
        cmocka_unit_test(notice_data_is_there_from_the_first_notice),
        cmocka_unit_test(a_removed_change_takes_its_notice_with_it),
        cmocka_unit_test(is_recorded_before_others_are_notified),
        cmocka_unit_test(after_a_restart_only_a_new_status_is_recorded),
        cmocka_unit_test(after_a_restart_a_missed_status_is_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void numbers_count_up_and_are_found(void **unused UNUSED) {
    struct state *state = state_create();
    struct change *first = change_create(state, "start", "Start it");
    struct change *second = change_create(state, "stop", "Stop it");
    assert_string_equal(change_id(first), "1");
    assert_string_equal(change_id(second), "2");
    assert_string_equal(change_kind(second), "stop");
    assert_string_equal(change_summary(first), "Start it");
    assert_ptr_equal(state_find_change(state, "2"), second);
    assert_null(state_find_change(state, "3"));
    assert_null(state_find_change(state, "02"));
    assert_true(change_spawn_time(first).is_set);
    assert_false(change_ready_time(first).is_set);
    state_destroy(state);
}

static void status_follows_the_tasks(void **unused UNUSED) {
    struct state *state = state_create();
    struct change *change = change_create(state, "start", "Start");
    assert_int_equal(change_status(change), STATUS_HOLD);
    assert_false(change_is_ready(change));
    struct task *a = task_create(change, "start", "a");
    struct task *b = task_create(change, "start", "b");
    assert_int_equal(change_status(change), STATUS_DO);
    task_set_status(a, STATUS_DOING);
    assert_int_equal(change_status(change), STATUS_DOING);
    task_set_status(a, STATUS_DONE);
    assert_int_equal(change_status(change), STATUS_DO);
    task_set_status(b, STATUS_ABORT);
    assert_int_equal(change_status(change), STATUS_ABORT);
    assert_false(change_is_ready(change));
    task_set_status(b, STATUS_ERROR);
    assert_int_equal(change_status(change), STATUS_ERROR);
    assert_true(change_is_ready(change));
    assert_true(change_ready_time(change).is_set);
    state_destroy(state);
}

static void a_wait_is_not_the_end(void **unused UNUSED) {
    struct state *state = state_create();
    struct change *change = change_create(state, "start", "Start");
    struct task *task = task_create(change, "start", "a");
    task_set_status(task, STATUS_WAIT);
    assert_int_equal(change_status(change), STATUS_WAIT);
    assert_false(change_is_ready(change));
    state_destroy(state);
}

static void tells_once_of_being_ready(void **unused UNUSED) {
    struct state *state = state_create();
    struct counter ready = {0}, updated = {0};
    counter_listen(&ready, state_change_ready(state));
    counter_listen(&updated, state_change_updated(state));
    struct change *change = change_create(state, "start", "Start");
    struct task *a = task_create(change, "start", "a");
    struct task *b = task_create(change, "start", "b");
    task_set_status(a, STATUS_DOING);
    task_set_status(b, STATUS_DOING);
    assert_int_equal(updated.count, 1);
    task_set_status(a, STATUS_DONE);
    assert_int_equal(ready.count, 0);
    task_set_status(b, STATUS_DONE);
    assert_int_equal(ready.count, 1);
    assert_ptr_equal(ready.latest, change);
    assert_int_equal(updated.count, 2);
    change_set_status(change, STATUS_ERROR);
    assert_int_equal(ready.count, 1);
    assert_int_equal(updated.count, 3);
    event_remove(&ready.listener);
    event_remove(&updated.listener);
    state_destroy(state);
}

static void a_set_status_makes_an_empty_change_ready(void **unused UNUSED) {
    struct state *state = state_create();
    struct change *change = change_create(state, "replan", "Replan - no services");
    change_set_status(change, STATUS_DONE);
    assert_int_equal(change_status(change), STATUS_DONE);
    assert_true(change_is_ready(change));
    assert_true(change_ready_time(change).is_set);
    assert_null(change_error(change));
    state_destroy(state);
}

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
    assert_int_equal(change->noticed_status, STATUS_DONE);
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

static void error_names_the_failed_tasks(void **unused UNUSED) {
    struct state *state = state_create();
    struct change *change = change_create(state, "start", "Start");
    struct task *a = task_create(change, "start", "Start service \"a\"");
    struct task *b = task_create(change, "start", "Start service \"b\"");
    struct task *c = task_create(change, "start", "Start service \"c\"");
    task_log_error(a, "it was nothing");
    task_set_status(a, STATUS_DONE);
    assert_null(change_error(change));
    task_log_info(b, "Most recent service output:\n    ERROR x");
    task_log_error(b, "first\n    second line");
    task_log_error(b, "again");
    task_set_status(b, STATUS_ERROR);
    task_log_error(c, "gone");
    task_set_status(c, STATUS_ERROR);
    AUTO_FREE char *text = change_error(change);
    assert_string_equal(text, "cannot perform the following tasks:\n"
                              "- Start service \"b\" (first\n    second line)\n"
                              "- Start service \"b\" (again)\n"
                              "- Start service \"c\" (gone)");
    state_destroy(state);
}

static void error_without_a_logged_reason(void **unused UNUSED) {
    struct state *state = state_create();
    struct change *change = change_create(state, "start", "Start");
    task_set_status(task_create(change, "start", "a"), STATUS_ERROR);
    AUTO_FREE char *text = change_error(change);
    assert_string_equal(text, "internal inconsistency: change \"start\" in ErrorStatus with no task errors logged");
    state_destroy(state);
}

static void data_is_kept_and_removed(void **unused UNUSED) {
    struct state *state = state_create();
    struct change *change = change_create(state, "start", "Start");
    assert_null(change_data(change, "x"));
    change_set_data(change, "x", NULL);
    change_set_data(change, "x", json_string("one"));
    change_set_data(change, "x", json_string("two"));
    assert_string_equal(json_string_value(change_data(change, "x")), "two");
    change_set_data(change, "x", NULL);
    assert_null(change_data(change, "x"));
    state_destroy(state);
}

static bool append_id(struct change *change, void *data) {
    struct buffer *ids = data;
    buffer_add_string(ids, change_id(change));
    return strcmp(change_id(change), "11") != 0;
}

static void are_visited_by_number_until_told_to_stop(void **unused UNUSED) {
    struct state *state = state_create();
    for (int i = 0; i < 12; i++)
        change_create(state, "start", "Start");
    AUTO_BUFFER struct buffer ids = BUFFER_INIT(100);
    state_each_change(state, append_id, &ids);
    assert_string_equal(buffer_text(&ids), "1234567891011");
    state_destroy(state);
}

static void a_ready_change_cannot_be_aborted(void **unused UNUSED) {
    struct state *state = state_create();
    struct change *change = change_create(state, "start", "Start");
    struct task *task = task_create(change, "start", "a");
    AUTO_ERROR struct error err = {0};
    assert_true(change_abort(change, &err));
    assert_int_equal(task_status(task), STATUS_HOLD);
    assert_true(change_is_ready(change));
    assert_false(change_abort(change, &err));
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    assert_string_equal(error_text(&err), "cannot abort change 1 with nothing pending");
    state_destroy(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_count_up_and_are_found),
        cmocka_unit_test(status_follows_the_tasks),
        cmocka_unit_test(a_wait_is_not_the_end),
        cmocka_unit_test(tells_once_of_being_ready),
        cmocka_unit_test(a_set_status_makes_an_empty_change_ready),
        cmocka_unit_test(records_a_notice_at_each_status),
        cmocka_unit_test(notice_data_is_there_from_the_first_notice),
        cmocka_unit_test(error_names_the_failed_tasks),
        cmocka_unit_test(error_without_a_logged_reason),
        cmocka_unit_test(data_is_kept_and_removed),
        cmocka_unit_test(are_visited_by_number_until_told_to_stop),
        cmocka_unit_test(a_ready_change_cannot_be_aborted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

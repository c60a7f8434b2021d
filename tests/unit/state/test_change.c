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

static void creation_and_removal_are_announced(void **unused UNUSED) {
    struct state *state = state_create();
    struct counter created = {0}, removed = {0};
    counter_listen(&created, state_change_created(state));
    counter_listen(&removed, state_change_removed(state));
    struct change *change = change_create(state, "start", "Start");
    assert_int_equal(created.count, 1);
    assert_ptr_equal(created.latest, change);
    assert_int_equal(removed.count, 0);
    change_remove(change);
    assert_int_equal(removed.count, 1);
    assert_ptr_equal(removed.latest, change);
    assert_null(state_find_change(state, "1"));
    event_remove(&created.listener);
    event_remove(&removed.listener);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_count_up_and_are_found),
        cmocka_unit_test(status_follows_the_tasks),
        cmocka_unit_test(a_wait_is_not_the_end),
        cmocka_unit_test(tells_once_of_being_ready),
        cmocka_unit_test(creation_and_removal_are_announced),
        cmocka_unit_test(a_set_status_makes_an_empty_change_ready),
        cmocka_unit_test(error_names_the_failed_tasks),
        cmocka_unit_test(error_without_a_logged_reason),
        cmocka_unit_test(data_is_kept_and_removed),
        cmocka_unit_test(are_visited_by_number_until_told_to_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <regex.h>

static void statuses_have_names(void **unused UNUSED) {
    static const char *const names[] = {"Default", "Hold",    "Do",     "Doing", "Done", "Abort",
                                        "Undo",    "Undoing", "Undone", "Error", "Wait"};
    for (unsigned i = 0; i < ARRAY_COUNT(names); i++)
        assert_string_equal(status_name((enum task_status)i), names[i]);
}

static void some_statuses_are_the_end(void **unused UNUSED) {
    unsigned ready = 0;
    for (enum task_status status = STATUS_DEFAULT; status < STATUS_COUNT; status++)
        ready |= (unsigned)status_is_ready(status) << status;
    assert_int_equal(ready, 1U << STATUS_HOLD | 1U << STATUS_DONE | 1U << STATUS_UNDONE | 1U << STATUS_ERROR);
}

static struct change *new_change(struct state **state) {
    *state = state_create();
    return change_create(*state, "start", "Start");
}

static void knows_its_place(void **unused UNUSED) {
    struct state *state;
    struct change *change = new_change(&state);
    struct task *a = task_create(change, "start", "a");
    struct task *b = task_create(change_create(state, "stop", "Stop"), "stop", "b");
    assert_string_equal(task_id(a), "1");
    assert_string_equal(task_id(b), "2");
    assert_string_equal(task_kind(b), "stop");
    assert_string_equal(task_summary(a), "a");
    assert_ptr_equal(task_change(a), change);
    assert_ptr_equal(state_find_task(state, "2"), b);
    assert_null(state_find_task(state, "3"));
    assert_ptr_equal(change_task(change, 0), a);
    assert_null(change_task(change, 1));
    assert_int_equal(change_task_count(change), 1);
    state_destroy(state);
}

static void on_task_ended(struct listener *listener UNUSED, void *argument) {
    task_log_info(argument, "ended");
}

static void its_end_is_an_event(void **unused UNUSED) {
    struct state *state;
    struct change *change = new_change(&state);
    struct listener listener = {0};
    struct task *a = task_create(change, "start", "a"), *b = task_create(change, "start", "b");
    event_add(state_task_ended(state), &listener, on_task_ended);
    task_set_status(a, STATUS_DOING);
    assert_int_equal(task_log_count(a), 0);
    task_set_status(a, STATUS_ERROR);
    task_set_status(b, STATUS_HOLD);
    assert_int_equal(task_log_count(a), 1);
    assert_int_equal(task_log_count(b), 1);
    state_destroy(state);
}

static void becomes_runnable_when_all_it_waits_for_are_done(void **unused UNUSED) {
    struct state *state;
    struct change *change = new_change(&state);
    struct task *a = task_create(change, "start", "a");
    struct task *b = task_create(change, "start", "b");
    struct task *c = task_create(change, "start", "c");
    task_wait_for(c, a);
    task_wait_for(c, b);
    task_wait_for(c, b); // once more is no harm
    assert_int_equal(list_count(&state->runnable), 2);
    assert_false(list_is_linked(&c->run_link));
    task_set_status(a, STATUS_DONE);
    assert_false(list_is_linked(&c->run_link));
    task_set_status(b, STATUS_DONE);
    assert_true(list_is_linked(&c->run_link));
    struct task *d = task_create(change, "start", "d");
    task_wait_for(d, a); // is done already
    assert_true(list_is_linked(&d->run_link));
    state_destroy(state);
}

static void ready_time_is_set_at_the_end(void **unused UNUSED) {
    struct state *state;
    struct task *task = task_create(new_change(&state), "start", "a");
    assert_true(task_spawn_time(task).is_set);
    task_set_status(task, STATUS_DOING);
    assert_false(task_ready_time(task).is_set);
    task_set_status(task, STATUS_DONE);
    assert_true(task_ready_time(task).is_set);
    state_destroy(state);
}

static void log_lines_have_time_and_level(void **unused UNUSED) {
    struct state *state;
    struct task *task = task_create(new_change(&state), "start", "a");
    task_log_info(task, "text %d%%", 5);
    task_log_error(task, "%s", "two\nlines");
    assert_int_equal(task_log_count(task), 2);
    regex_t form;
    assert_int_equal(
        regcomp(&form, "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(Z|[+-][0-9:]{5}) INFO text 5%$", REG_EXTENDED), 0);
    assert_int_equal(regexec(&form, task_log_line(task, 0), 0, NULL, 0), 0);
    regfree(&form);
    assert_true(text_has_suffix(task_log_line(task, 1), " ERROR two\nlines"));
    state_destroy(state);
}

static void log_keeps_the_last_ten(void **unused UNUSED) {
    struct state *state;
    struct task *task = task_create(new_change(&state), "start", "a");
    for (int i = 1; i <= 13; i++)
        task_log_info(task, "line %d", i);
    assert_int_equal(task_log_count(task), 10);
    assert_true(text_has_suffix(task_log_line(task, 0), " line 4"));
    assert_true(text_has_suffix(task_log_line(task, 9), " line 13"));
    assert_null(task->log.items[10]);
    state_destroy(state);
}

static void assert_progress(const struct task *task, const char *label, int64_t done, int64_t total) {
    const char *found_label;
    int64_t found_done, found_total;
    task_progress(task, &found_label, &found_done, &found_total);
    assert_string_equal(found_label, label);
    assert_int_equal(found_done, done);
    assert_int_equal(found_total, total);
}

static void progress_is_worked_out_unless_set(void **unused UNUSED) {
    struct state *state;
    struct task *task = task_create(new_change(&state), "start", "a");
    assert_progress(task, "", 0, 1);
    task_set_status(task, STATUS_DOING);
    assert_progress(task, "", 1, 1);
    task_set_progress(task, "bytes", 3, 10);
    assert_progress(task, "bytes", 3, 10);
    task_set_progress(task, "bytes", 11, 10);
    assert_progress(task, "", 1, 1);
    state_destroy(state);
}

static void data_is_kept_and_removed(void **unused UNUSED) {
    struct state *state;
    struct task *task = task_create(new_change(&state), "start", "a");
    task_set_data(task, "n", NULL);
    task_set_data(task, "n", json_integer(7));
    assert_int_equal(json_integer_value(task_data(task, "n")), 7);
    task_set_data(task, "n", NULL);
    assert_null(task_data(task, "n"));
    state_destroy(state);
}

static void joins_lanes(void **unused UNUSED) {
    struct state *state;
    struct task *task = task_create(new_change(&state), "start", "a");
    size_t count;
    assert_int_equal(task_lanes(task, &count)[0], 0);
    assert_int_equal(count, 1);
    assert_int_equal(state_new_lane(state), 1);
    int64_t lane = state_new_lane(state);
    task_join_lane(task, lane);
    task_join_lane(task, lane);
    assert_int_equal(task_lanes(task, &count)[0], 2);
    assert_int_equal(count, 1);
    state_destroy(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_have_names),
        cmocka_unit_test(some_statuses_are_the_end),
        cmocka_unit_test(knows_its_place),
        cmocka_unit_test(its_end_is_an_event),
        cmocka_unit_test(becomes_runnable_when_all_it_waits_for_are_done),
        cmocka_unit_test(ready_time_is_set_at_the_end),
        cmocka_unit_test(log_lines_have_time_and_level),
        cmocka_unit_test(log_keeps_the_last_ten),
        cmocka_unit_test(progress_is_worked_out_unless_set),
        cmocka_unit_test(data_is_kept_and_removed),
        cmocka_unit_test(joins_lanes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

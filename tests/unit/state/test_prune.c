// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#define DAY 86400

// A file with one change of one task, or of none if `status` is NULL, made and ready so many seconds ago
// (ready 0: not yet), whose operation began `start` seconds ago.
struct past {
    int64_t start, spawned, ready;
    const char *status, *data;
};

static struct state *state_with(const struct past *past) {
    char start[CLOCK_TEXT_SIZE], spawned[CLOCK_TEXT_SIZE], ready[CLOCK_TEXT_SIZE];
    AUTO_FREE char *ready_member =
        past->ready != 0 ? memory_printf(",\"ready-time\":\"%s\"", ago(past->ready, ready)) : memory_string("");
    AUTO_FREE char *task = past->status != NULL
                               ? memory_printf("\"1\":{\"id\":\"1\",\"kind\":\"k\",\"status\":%s}", past->status)
                               : memory_string("");
    AUTO_FREE char *text = memory_printf(
        "{\"data\":{\"patch-level\":2,\"start-of-operation-time\":\"%s\"},\"changes\":{\"1\":{\"id\":\"1\","
        "\"kind\":\"start\",\"task-ids\":[%s],\"data\":{%s},\"spawn-time\":\"%s\"%s}},\"tasks\":{%s}}",
        ago(past->start, start), past->status != NULL ? "\"1\"" : "", past->data != NULL ? past->data : "",
        ago(past->spawned, spawned), ready_member, task);
    return state_of(text);
}

static bool is_kept(const struct past *past) {
    struct state *state = state_with(past);
    state_prune(state);
    bool is_there = state_find_change(state, "1") != NULL;
    if (past->status != NULL)
        assert_int_equal(state_find_task(state, "1") != NULL, is_there);
    state_destroy(state);
    return is_there;
}

static void ready_changes_are_removed_after_a_week(void **unused UNUSED) {
    assert_true(is_kept(&(struct past){30 * DAY, 20 * DAY, 7 * DAY - 60, "4", NULL}));
    assert_false(is_kept(&(struct past){30 * DAY, 20 * DAY, 7 * DAY + 60, "4", NULL}));
    assert_false(is_kept(&(struct past){30 * DAY, 20 * DAY, 7 * DAY + 60, "9", "\"check-no-prune\":true"}));
}

static void empty_changes_are_removed_after_a_week(void **unused UNUSED) {
    assert_true(is_kept(&(struct past){30 * DAY, 7 * DAY - 60, 0, NULL, NULL}));
    assert_false(is_kept(&(struct past){30 * DAY, 7 * DAY + 60, 0, NULL, NULL}));
    // Time when there was no daemon yet does not count.
    assert_true(is_kept(&(struct past){1 * DAY, 8 * DAY, 0, NULL, NULL}));
}

static enum task_status status_after(const struct past *past) {
    struct state *state = state_with(past);
    state_prune(state);
    enum task_status status = task_status(state_find_task(state, "1"));
    state_destroy(state);
    return status;
}

static void unready_changes_are_aborted_after_two_weeks(void **unused UNUSED) {
    assert_int_equal(status_after(&(struct past){30 * DAY, 14 * DAY - 60, 0, "0", NULL}), STATUS_DO);
    assert_int_equal(status_after(&(struct past){30 * DAY, 14 * DAY + 60, 0, "0", NULL}), STATUS_HOLD);
    assert_int_equal(status_after(&(struct past){30 * DAY, 14 * DAY + 60, 0, "3", NULL}), STATUS_ABORT);
    assert_int_equal(status_after(&(struct past){30 * DAY, 15 * DAY, 0, "3", "\"check-no-prune\":true"}), STATUS_DOING);
    assert_int_equal(status_after(&(struct past){13 * DAY, 20 * DAY, 0, "0", NULL}), STATUS_DO);
}

static void a_task_under_way_keeps_its_change(void **unused UNUSED) {
    struct state *state = state_with(&(struct past){30 * DAY, 20 * DAY, 8 * DAY, "3", NULL});
    struct task *task = state_find_task(state, "1");
    task->is_running = true;
    state_prune(state);
    assert_ptr_equal(state_find_task(state, "1"), task);
    state_destroy(state);
}

static void only_the_newest_thousand_are_kept(void **unused UNUSED) {
    struct state *state = state_create();
    for (int i = 0; i < 1203; i++) {
        struct change *change = change_create(state, "start", "Start");
        struct task *task = task_create(change, "start", "a");
        if (i >= 3)
            task_set_status(task, STATUS_DONE);
    }
    state_prune(state);
    assert_int_equal(state->changes_by_id.count, 1003);
    assert_int_equal(state->tasks_by_id.count, 1003);
    // The first three are not ready, and stay; the oldest of the others went.
    assert_non_null(state_find_change(state, "3"));
    assert_null(state_find_change(state, "4"));
    assert_null(state_find_change(state, "203"));
    assert_non_null(state_find_change(state, "204"));
    assert_null(state_find_task(state, "203"));
    // No notice outlives its change, and there are no more than a thousand.
    assert_int_equal(state->notices_by_key.count, 1000);
    assert_null(notice_find(state, &(struct notice_spec){.type = "change-update", .key = "203"}));
    assert_non_null(notice_find(state, &(struct notice_spec){.type = "change-update", .key = "1203"}));
    state_destroy(state);
}

// A change of tasks, ready if `is_ready`, and written.
static struct change *large_change(struct state *state, size_t tasks, bool is_ready) {
    struct change *change = change_create(state, "stop", "Stop");
    for (size_t i = 0; i < tasks; i++) {
        struct task *task = task_create(change, "stop", "Stop service");
        if (is_ready)
            task_set_status(task, STATUS_DONE);
    }
    return change;
}

static void only_the_newest_megabytes_are_kept(void **unused UNUSED) {
    struct state *state = state_create();
    for (int i = 0; i < 10; i++)
        large_change(state, 10000, i != 0);
    AUTO_FREE char *before = state_text(state);
    assert_true(strlen(before) > (size_t)16 << 20);
    state_prune(state);
    AUTO_FREE char *after = state_text(state);
    assert_in_range(strlen(after), (size_t)7 << 20, (size_t)11 << 20);
    assert_non_null(state_find_change(state, "1")); // is not ready
    assert_null(state_find_change(state, "2"));
    assert_non_null(state_find_change(state, "10"));
    state_destroy(state);
}

static void the_newest_change_is_kept_however_large(void **unused UNUSED) {
    struct state *state = state_create();
    for (int i = 0; i < 3; i++)
        large_change(state, 60000, true);
    state_prune(state);
    assert_int_equal(state->changes_by_id.count, 1);
    assert_non_null(state_find_change(state, "3"));
    state_destroy(state);
}

static void no_change_is_added_that_could_not_be_read_again(void **unused UNUSED) {
    struct state *state = state_create();
    AUTO_ERROR struct error err = {0};
    const size_t part = (size_t)100 << 20;
    assert_true(state_make_room(state, part, &err));
    // What is ready goes first, here what has never come.
    assert_true(state_make_room(state, part, &err));
    assert_true(state_make_room(state, part, &err));
    state->file_bytes = 0;
    large_change(state, 300000, false);
    state_prune(state);
    assert_false(state_make_room(state, part, &err));
    assert_int_equal(err.kind, ERROR_UNAVAILABLE);
    assert_string_equal(error_text(&err), "too many unfinished changes: the state file has no room for more");
    assert_true(state_make_room(state, 1000, NULL));
    state_destroy(state);
}

static void notices_are_removed_with_their_change_or_when_expired(void **unused UNUSED) {
    struct state *state = state_create();
    change_create(state, "start", "Start");
    state_add_notice(state, &(struct notice_spec){.type = "change-update", .key = "77"});
    state_add_notice(state, &(struct notice_spec){.type = "custom", .key = "77"});
    state_add_warning(state, "early");
    state_add_warning(state, "late");
    notice_find(state, &(struct notice_spec){.type = "warning", .key = "late"})->expire_after_ns = -1;
    state_prune(state);
    assert_int_equal(state->notices_by_key.count, 3);
    assert_null(state_find_notice(state, "2"));
    assert_non_null(state_find_notice(state, "3"));
    const struct notice *early = state_find_notice(state, "4");
    assert_int_equal(state_latest_warning(state).ns, early->last_repeated.ns);
    state_destroy(state);
}

static void a_thousand_notices_are_kept(void **unused UNUSED) {
    struct state *state = state_create();
    for (int i = 0; i < 1010; i++) {
        AUTO_FREE char *key = memory_printf("%d", i);
        state_add_notice(state, &(struct notice_spec){.type = "custom", .key = key, .repeat_after_ns = INT64_MAX});
    }
    // It occurred again, though it did not repeat.
    state_add_notice(state, &(struct notice_spec){.type = "custom", .key = "0", .repeat_after_ns = INT64_MAX});
    state_prune(state);
    assert_int_equal(state->notices_by_key.count, 1000);
    assert_non_null(state_find_notice(state, "1"));
    assert_null(state_find_notice(state, "11"));
    assert_non_null(state_find_notice(state, "12"));
    state_destroy(state);
}

static struct change *change_with_task(struct state *state, enum task_status status) {
    struct change *change = change_create(state, "start", "Start");
    task_set_status(task_create(change, "start", "a"), status);
    return change;
}

#ifdef PEBBLE_TEST_SEAMS
static void a_clock_set_ahead_removes_and_aborts_nothing(void **unused UNUSED) {
    struct state *state = state_create();
    const struct change *ready = change_with_task(state, STATUS_DONE);
    struct change *running = change_with_task(state, STATUS_DOING);
    const struct change *empty = change_create(state, "start", "Start");
    clock_set_ahead(365 * DAY);
    state_prune(state);
    clock_restore();
    assert_ptr_equal(state_find_change(state, "1"), ready);
    assert_int_equal(change_status(running), STATUS_DOING);
    assert_ptr_equal(state_find_change(state, "3"), empty);
    assert_non_null(notice_of_change(state, ready));
    state_destroy(state);
}

static void a_clock_set_back_keeps_the_newest(void **unused UNUSED) {
    struct state *state = state_create();
    for (int i = 0; i < 1000; i++)
        change_with_task(state, STATUS_DONE);
    clock_set_ahead(-365 * DAY);
    change_with_task(state, STATUS_DONE);
    state_prune(state);
    clock_restore();
    assert_null(state_find_change(state, "1"));
    assert_non_null(state_find_change(state, "1001"));
    state_destroy(state);
}
#endif

// Written by a daemon whose clock was ahead.
static void newer_ones_outlive_those_from_the_future(void **unused UNUSED) {
    struct state *state = state_with(&(struct past){-365 * DAY, -365 * DAY, -365 * DAY, "4", NULL});
    for (int i = 0; i < 1000; i++)
        change_with_task(state, STATUS_DONE);
    state_prune(state);
    assert_null(state_find_change(state, "1"));
    assert_non_null(state_find_change(state, "1001"));
    state_destroy(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#ifdef PEBBLE_TEST_SEAMS
        cmocka_unit_test(a_clock_set_ahead_removes_and_aborts_nothing),
        cmocka_unit_test(a_clock_set_back_keeps_the_newest),
#endif
        cmocka_unit_test(newer_ones_outlive_those_from_the_future),
        cmocka_unit_test(ready_changes_are_removed_after_a_week),
        cmocka_unit_test(empty_changes_are_removed_after_a_week),
        cmocka_unit_test(unready_changes_are_aborted_after_two_weeks),
        cmocka_unit_test(a_task_under_way_keeps_its_change),
        cmocka_unit_test(only_the_newest_thousand_are_kept),
        cmocka_unit_test(only_the_newest_megabytes_are_kept),
        cmocka_unit_test(the_newest_change_is_kept_however_large),
        cmocka_unit_test(no_change_is_added_that_could_not_be_read_again),
        cmocka_unit_test(notices_are_removed_with_their_change_or_when_expired),
        cmocka_unit_test(a_thousand_notices_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

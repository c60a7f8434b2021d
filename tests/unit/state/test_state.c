// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

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

static void a_new_state_knows_its_format(void **unused UNUSED) {
    struct state *state = state_create();
    assert_int_equal(json_integer_value(state_data(state, "patch-level")), 2);
    assert_int_equal(json_integer_value(state_data(state, "patch-sublevel")), 0);
    struct wall_time start;
    assert_true(clock_parse(json_string_value(state_data(state, "start-of-operation-time")), &start));
    assert_null(state_data(state, "identities"));
    state_destroy(state);
    state_destroy(NULL);
}

static void sections_are_kept_and_removed(void **unused UNUSED) {
    struct state *state = state_create();
    state_set_data(state, "identities", json_pack("{s:s}", "bob", "admin"));
    assert_string_equal(json_string_value(json_object_get(state_data(state, "identities"), "bob")), "admin");
    state_set_data(state, "identities", NULL);
    assert_null(state_data(state, "identities"));
    state_destroy(state);
}

static void every_alteration_is_announced(void **unused UNUSED) {
    struct state *state = state_create();
    struct counter modified = {0};
    counter_listen(&modified, &state->modified);
    struct change *change = change_create(state, "start", "Start");
    struct task *task = task_create(change, "start", "a");
    modified.count = 0;
    uint64_t generation = state->generation;
    state_set_data(state, "x", json_true());
    change_set_data(change, "x", json_true());
    task_set_data(task, "x", json_true());
    task_log_info(task, "x");
    task_join_lane(task, state_new_lane(state));
    state_add_warning(state, "x");
    assert_int_equal(modified.count, 7);
    assert_int_equal(state->generation, generation + 7);
    (void)state_data(state, "x");
    (void)change_status(change);
    assert_int_equal(modified.count, 7);
    event_remove(&modified.listener);
    state_destroy(state);
}

static void cleared_it_is_as_new(void **unused UNUSED) {
    struct state *state = state_create();
    task_create(change_create(state, "start", "Start"), "start", "a");
    state_new_lane(state);
    state_clear(state);
    assert_null(state_find_change(state, "1"));
    assert_null(state_find_task(state, "1"));
    assert_null(state_find_notice(state, "1"));
    assert_true(list_is_empty(&state->runnable));
    assert_string_equal(change_id(change_create(state, "start", "Start")), "1");
    assert_int_equal(state_new_lane(state), 1);
    state_destroy(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_have_names),           cmocka_unit_test(some_statuses_are_the_end),
        cmocka_unit_test(a_new_state_knows_its_format),  cmocka_unit_test(sections_are_kept_and_removed),
        cmocka_unit_test(every_alteration_is_announced), cmocka_unit_test(cleared_it_is_as_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

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
        cmocka_unit_test(a_new_state_knows_its_format),
        cmocka_unit_test(cleared_it_is_as_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

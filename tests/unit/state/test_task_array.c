// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void keeps_the_order_of_adding(void **unused UNUSED) {
    struct state *state = state_create();
    struct change *change = change_create(state, "start", "Start");
    AUTO_TASK_ARRAY struct task_array array = {0};
    for (int i = 0; i < 100; i++)
        task_array_add(&array, task_create(change, "start", "a"));
    assert_int_equal(array.count, 100);
    for (size_t i = 0; i < array.count; i++)
        assert_ptr_equal(array.items[i], change_task(change, i));
    state_destroy(state);
}

static void finished_it_is_empty(void **unused UNUSED) {
    struct state *state = state_create();
    struct task_array array = {0};
    task_array_finish(&array);
    task_array_add(&array, task_create(change_create(state, "start", "Start"), "start", "a"));
    task_array_finish(&array);
    assert_int_equal(array.count, 0);
    assert_non_null(state_find_task(state, "1")); // the task stays
    task_array_add(&array, state_find_task(state, "1"));
    assert_int_equal(array.count, 1);
    task_array_finish(&array);
    state_destroy(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_order_of_adding),
        cmocka_unit_test(finished_it_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void sections_are_kept_and_removed(void **unused UNUSED) {
    struct state *state = state_create();
    state_set_data(state, "identities", json_pack("{s:s}", "bob", "admin"));
    assert_string_equal(json_string_value(json_object_get(state_data(state, "identities"), "bob")), "admin");
    state_set_data(state, "identities", NULL);
    assert_null(state_data(state, "identities"));
    state_destroy(state);
}

static void every_modification_is_announced(void **unused UNUSED) {
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

static void lanes_are_numbered(void **unused UNUSED) {
    struct state *state = state_create();
    assert_int_equal(state_new_lane(state), 1);
    assert_int_equal(state_new_lane(state), 2);
    state_destroy(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_are_kept_and_removed),
        cmocka_unit_test(every_modification_is_announced),
        cmocka_unit_test(lanes_are_numbered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

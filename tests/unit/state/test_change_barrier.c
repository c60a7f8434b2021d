// SPDX-License-Identifier: GPL-3.0-or-later
// Many tasks that wait for many others: change_order_tasks().
#include "fixture.h"

#define SIDE 40 // 1,600 pairs

struct scene {
    struct state *state;
    struct change *change;
    struct task_array before, after;
};

static void scene_begin(struct scene *scene) {
    *scene = (struct scene){.state = state_create()};
    scene->change = change_create(scene->state, "restart", "Restart");
    for (int i = 0; i < 2 * SIDE; i++) {
        struct task *task = task_create(scene->change, i < SIDE ? "stop" : "start", "task");
        task_join_lane(task, state_new_lane(scene->state));
        task_array_add(i < SIDE ? &scene->before : &scene->after, task);
    }
}

static void scene_end(struct scene *scene) {
    task_array_finish(&scene->before);
    task_array_finish(&scene->after);
    state_destroy(scene->state);
}

static size_t count_runnable(struct state *state) {
    return list_count(&state->runnable);
}

static void all_of_one_side_wait_for_all_of_the_other(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    task_set_status(scene.before.items[3], STATUS_DONE);
    assert_true(change_order_tasks(scene.change, &scene.before, &scene.after));
    assert_int_equal(count_runnable(scene.state), SIDE - 1);
    for (size_t i = 0; i < SIDE - 1; i++)
        task_set_status(scene.before.items[i], STATUS_DONE);
    assert_int_equal(count_runnable(scene.state), 1);
    task_set_status(scene.before.items[SIDE - 1], STATUS_DONE);
    assert_int_equal(count_runnable(scene.state), SIDE);
    scene_end(&scene);
}

static void few_are_ordered_by_pairs(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    struct task_array few = {.items = scene.before.items, .count = 25};
    assert_false(change_order_tasks(scene.change, &few, &scene.after));
    for (size_t i = 0; i < SIDE; i++)
        assert_int_equal(scene.after.items[i]->blocker_count, 25);
    scene_end(&scene);
}

static void takes_room_for_the_sum(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    AUTO_FREE char *without = state_text(scene.state);
    assert_true(change_order_tasks(scene.change, &scene.before, &scene.after));
    AUTO_FREE char *with = state_text(scene.state);
    assert_true(strlen(with) - strlen(without) < 2 * SIDE * 24);
    scene_end(&scene);
}

static void is_read_again(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    assert_true(change_order_tasks(scene.change, &scene.before, &scene.after));
    for (size_t i = 0; i < SIDE - 1; i++)
        task_set_status(scene.before.items[i], STATUS_DONE);
    AUTO_FREE char *text = state_text(scene.state);
    struct state *state = state_of(text);
    AUTO_FREE char *again = state_text(state);
    assert_string_equal(again, text);
    assert_int_equal(count_runnable(state), 1);
    task_set_status(state_find_task(state, task_id(scene.before.items[SIDE - 1])), STATUS_DONE);
    assert_int_equal(count_runnable(state), SIDE);
    state_destroy(state);
    scene_end(&scene);
}

static void a_failure_holds_all_that_wait(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    assert_true(change_order_tasks(scene.change, &scene.before, &scene.after));
    task_set_status(scene.before.items[7], STATUS_ERROR);
    change_abort_lanes_of(scene.before.items[7]);
    for (size_t i = 0; i < SIDE; i++) {
        assert_int_equal(task_status(scene.after.items[i]), STATUS_HOLD);
        assert_int_equal(task_status(scene.before.items[i]), i == 7 ? STATUS_ERROR : STATUS_DO);
    }
    scene_end(&scene);
}

static void failure_behind_it_holds_its_own_lane_only(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene);
    assert_true(change_order_tasks(scene.change, &scene.before, &scene.after));
    for (size_t i = 0; i < SIDE; i++)
        task_set_status(scene.before.items[i], STATUS_DONE);
    task_set_status(scene.after.items[7], STATUS_ERROR);
    change_abort_lanes_of(scene.after.items[7]);
    for (size_t i = 0; i < SIDE; i++)
        assert_int_equal(task_status(scene.after.items[i]), i == 7 ? STATUS_ERROR : STATUS_DO);
    scene_end(&scene);
}

static void unknown_side_is_refused(void **unused UNUSED) {
    struct state *state = state_create();
    struct error err = {0};
    const char *text = "{\"data\":{\"patch-level\":2},\"changes\":{\"1\":{\"id\":\"1\",\"task-ids\":[\"1\"]}},"
                       "\"tasks\":{\"1\":{\"id\":\"1\",\"barrier\":\"beside\"}}}";
    assert_false(state_read(state, text, strlen(text), &err));
    assert_string_equal(error_text(&err), "cannot read state: tasks 1: barrier is neither \"before\" nor \"after\"");
    error_clear(&err);
    state_destroy(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_one_side_wait_for_all_of_the_other),
        cmocka_unit_test(few_are_ordered_by_pairs),
        cmocka_unit_test(takes_room_for_the_sum),
        cmocka_unit_test(is_read_again),
        cmocka_unit_test(a_failure_holds_all_that_wait),
        cmocka_unit_test(failure_behind_it_holds_its_own_lane_only),
        cmocka_unit_test(unknown_side_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

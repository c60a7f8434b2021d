// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

struct scene {
    struct state *state;
    struct change *change;
    struct task *tasks[5];
};

// Five tasks in status Do; `lanes` names the lane of each, 0 for none.
static void scene_begin(struct scene *scene, const int lanes[5]) {
    scene->state = state_create();
    scene->change = change_create(scene->state, "start", "Start");
    for (int i = 0; i < 5; i++) {
        scene->tasks[i] = task_create(scene->change, "start", "task");
        if (lanes[i] > 0)
            task_join_lane(scene->tasks[i], lanes[i]);
    }
}

static void scene_end(struct scene *scene) {
    state_destroy(scene->state);
}

static void assert_statuses(const struct scene *scene, const char *expected) {
    AUTO_BUFFER struct buffer found = BUFFER_INIT(200);
    for (int i = 0; i < 5; i++)
        buffer_printf(&found, "%s%s", i ? " " : "", status_name(task_status(scene->tasks[i])));
    assert_string_equal(buffer_text(&found), expected);
}

static void a_failure_takes_its_lane_only(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, (const int[]){1, 1, 1, 2, 2});
    task_set_status(scene.tasks[0], STATUS_DONE);
    task_set_status(scene.tasks[1], STATUS_DOING);
    task_set_status(scene.tasks[3], STATUS_DOING);
    change_abort_lanes_of(scene.tasks[1]);
    assert_statuses(&scene, "Done Abort Hold Doing Do");
    scene_end(&scene);
}

static void tasks_without_a_lane_share_one(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, (const int[]){0, 0, 7, 0, 7});
    change_abort_lanes_of(scene.tasks[1]);
    assert_statuses(&scene, "Hold Hold Do Hold Do");
    scene_end(&scene);
}

static void what_waits_goes_down_with_its_lane(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, (const int[]){1, 2, 2, 3, 4});
    task_wait_for(scene.tasks[1], scene.tasks[0]);
    task_wait_for(scene.tasks[3], scene.tasks[2]);
    task_set_status(scene.tasks[2], STATUS_DOING);
    change_abort_lanes_of(scene.tasks[0]);
    assert_statuses(&scene, "Hold Hold Abort Hold Do");
    scene_end(&scene);
}

static void a_second_healthy_lane_keeps_a_task(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, (const int[]){1, 1, 2, 1, 3});
    task_join_lane(scene.tasks[1], 2); // with a task that is fine
    task_join_lane(scene.tasks[3], 3); // with one that failed
    task_set_status(scene.tasks[4], STATUS_ERROR);
    change_abort_lanes_of(scene.tasks[0]);
    assert_statuses(&scene, "Hold Do Do Hold Error");
    scene_end(&scene);
}

static void aborting_the_change_takes_all_that_is_not_over(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, (const int[]){1, 2, 3, 4, 5});
    task_set_status(scene.tasks[1], STATUS_DOING);
    task_set_status(scene.tasks[2], STATUS_DONE);
    task_set_status(scene.tasks[3], STATUS_ERROR);
    AUTO_ERROR struct error err = {0};
    assert_true(change_abort(scene.change, &err));
    assert_statuses(&scene, "Hold Abort Done Error Hold");
    for (int i = 0; i < 5; i++)
        assert_false(scene.tasks[i]->is_marked);
    scene_end(&scene);
}

static void only_unready_lanes_are_aborted(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, (const int[]){1, 1, 2, 2, 3});
    task_set_status(scene.tasks[0], STATUS_DONE);
    task_set_status(scene.tasks[1], STATUS_DONE);
    task_set_status(scene.tasks[2], STATUS_DONE);
    task_set_status(scene.tasks[4], STATUS_DOING);
    change_abort_unready_lanes(scene.change);
    assert_statuses(&scene, "Done Done Done Hold Abort");
    scene_end(&scene);
}

static void lanes_joined_later_count(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, (const int[]){1, 2, 3, 3, 3});
    change_abort_lanes_of(scene.tasks[0]);
    assert_statuses(&scene, "Hold Do Do Do Do");
    struct task *late = task_create(scene.change, "start", "late");
    task_join_lane(late, 2);
    change_abort_lanes_of(scene.tasks[1]);
    assert_int_equal(task_status(late), STATUS_HOLD);
    scene_end(&scene);
}

static void a_circle_comes_to_an_end(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, (const int[]){1, 2, 3, 4, 5});
    task_wait_for(scene.tasks[0], scene.tasks[1]);
    task_wait_for(scene.tasks[1], scene.tasks[0]);
    change_abort_lanes_of(scene.tasks[0]);
    assert_statuses(&scene, "Hold Hold Do Do Do");
    scene_end(&scene);
}

static void a_change_without_tasks_is_fine(void **unused UNUSED) {
    struct state *state = state_create();
    struct change *change = change_create(state, "replan", "Replan");
    change_abort_all(change);
    change_abort_unready_lanes(change);
    assert_false(change_is_ready(change));
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
        cmocka_unit_test(a_failure_takes_its_lane_only),
        cmocka_unit_test(tasks_without_a_lane_share_one),
        cmocka_unit_test(what_waits_goes_down_with_its_lane),
        cmocka_unit_test(a_second_healthy_lane_keeps_a_task),
        cmocka_unit_test(aborting_the_change_takes_all_that_is_not_over),
        cmocka_unit_test(only_unready_lanes_are_aborted),
        cmocka_unit_test(lanes_joined_later_count),
        cmocka_unit_test(a_circle_comes_to_an_end),
        cmocka_unit_test(a_change_without_tasks_is_fine),
        cmocka_unit_test(a_ready_change_cannot_be_aborted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

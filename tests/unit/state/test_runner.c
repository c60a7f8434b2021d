// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "base/log.h"
#include "state/runner.h"

// A kind of task that records its beginnings and aborts by summary, and ends on request.
struct scene {
    struct loop *loop;
    struct state *state;
    struct runner *runner;
    struct change *change;
    struct buffer story;
    struct buffer log;
};

static void begin_slow(struct task *task, void *data) {
    buffer_printf(&((struct scene *)data)->story, "begin %s;", task_summary(task));
}

static void abort_slow(struct task *task, void *data) {
    buffer_printf(&((struct scene *)data)->story, "abort %s;", task_summary(task));
}

static void begin_quick(struct task *task, void *data) {
    buffer_printf(&((struct scene *)data)->story, "quick %s;", task_summary(task));
    task_finish(task, NULL);
}

static void begin_bad(struct task *task, void *data UNUSED) {
    AUTO_ERROR struct error err = {0};
    error_set(&err, ERROR_INTERNAL, "no way");
    task_finish(task, &err);
    assert_false(error_is_set(&err));
}

static void keep_line(void *data, const char *line, size_t length) {
    buffer_add(data, line, length);
}

static void scene_begin(struct scene *scene, const char *file) {
    memset(scene, 0, sizeof *scene);
    buffer_init(&scene->story, 100000);
    buffer_init(&scene->log, 100000);
    assert_true(loop_create(&scene->loop, NULL));
    scene->state = file != NULL ? state_of(file) : state_create();
    scene->runner = runner_create(scene->loop, scene->state);
    runner_add_kind(scene->runner, "slow", begin_slow, abort_slow, scene);
    runner_add_kind(scene->runner, "deaf", begin_slow, NULL, scene);
    runner_add_kind(scene->runner, "quick", begin_quick, NULL, scene);
    runner_add_kind(scene->runner, "bad", begin_bad, NULL, scene);
    scene->change = file != NULL ? state_find_change(scene->state, "1") : change_create(scene->state, "start", "Start");
    log_set_sink(keep_line, &scene->log);
}

static void scene_end(struct scene *scene) {
    log_set_sink(NULL, NULL);
    runner_destroy(scene->runner);
    state_destroy(scene->state);
    loop_destroy(scene->loop);
    buffer_finish(&scene->story);
    buffer_finish(&scene->log);
}

// Runs pending work; the events since the last call must be `expected`.
static void assert_story(struct scene *scene, const char *expected) {
    loop_run_pending(scene->loop);
    assert_string_equal(buffer_text(&scene->story), expected);
    buffer_clear(&scene->story);
}

static void fail_task(struct task *task, const char *message) {
    AUTO_ERROR struct error err = {0};
    error_set(&err, ERROR_INTERNAL, "%s", message);
    task_finish(task, &err);
}

static void begins_in_a_later_turn(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, NULL);
    struct task *task = task_create(scene.change, "slow", "a");
    assert_string_equal(buffer_text(&scene.story), "");
    assert_story(&scene, "begin a;");
    assert_int_equal(task_status(task), STATUS_DOING);
    task_finish(task, NULL);
    assert_int_equal(task_status(task), STATUS_DONE);
    assert_int_equal(change_status(scene.change), STATUS_DONE);
    assert_true(task->doing_ns > 0);
    assert_story(&scene, "");
    scene_end(&scene);
}

static void begins_a_chain_in_order_and_others_beside_it(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, NULL);
    struct task *a = task_create(scene.change, "slow", "a");
    struct task *b = task_create(scene.change, "slow", "b");
    struct task *c = task_create(scene.change, "slow", "c");
    task_wait_for(b, a);
    assert_story(&scene, "begin a;begin c;");
    task_finish(c, NULL);
    assert_story(&scene, "");
    task_finish(a, NULL);
    assert_story(&scene, "begin b;");
    scene_end(&scene);
}

static void work_that_ends_at_once(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, NULL);
    struct task *previous = NULL;
    for (int i = 0; i < 40; i++) {
        struct task *task = task_create(scene.change, "quick", "q");
        if (previous != NULL)
            task_wait_for(task, previous);
        previous = task;
    }
    loop_run_pending(scene.loop);
    assert_int_equal(task_status(previous), STATUS_DONE);
    assert_true(change_is_ready(scene.change));
    scene_end(&scene);
}

static void unknown_kinds_are_done(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, NULL);
    struct task *task = task_create(scene.change, "knit", "a");
    loop_run_pending(scene.loop);
    assert_int_equal(task_status(task), STATUS_DONE);
    assert_true(text_has_suffix(task_log_line(task, 0), " INFO no handler for task \"knit\", task ignored"));
    scene_end(&scene);
}

// Those that were aborted, or were to be undone, are not run.
static void unknown_kinds_of_an_earlier_daemon_end_as_their_status_says(void **unused UNUSED) {
    static const enum task_status cases[][2] = {{STATUS_DOING, STATUS_DONE}, {STATUS_ABORT, STATUS_HOLD},
                                                {STATUS_UNDO, STATUS_DONE},  {STATUS_UNDOING, STATUS_DONE},
                                                {STATUS_HOLD, STATUS_HOLD},  {STATUS_ERROR, STATUS_ERROR}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct scene scene;
        scene_begin(&scene, NULL);
        struct task *task = task_create(scene.change, "knit", "a");
        task_set_status(task, cases[i][0]);
        loop_run_pending(scene.loop);
        assert_int_equal(task_status(task), cases[i][1]);
        assert_true(change_is_ready(scene.change));
        scene_end(&scene);
    }
}

static void a_failure_is_logged_and_holds_its_lane(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, NULL);
    struct task *bad = task_create(scene.change, "bad", "Try \"it\"");
    struct task *held = task_create(scene.change, "slow", "held");
    struct task *beside = task_create(scene.change, "slow", "beside");
    task_join_lane(bad, 1);
    task_join_lane(held, 1);
    task_join_lane(beside, 2);
    task_wait_for(held, bad);
    assert_story(&scene, "begin beside;");
    assert_int_equal(task_status(bad), STATUS_ERROR);
    assert_int_equal(task_status(held), STATUS_HOLD);
    assert_true(text_has_suffix(task_log_line(bad, 0), " ERROR no way"));
    assert_non_null(strstr(buffer_text(&scene.log), "[pebble] Change 1 task (Try \"it\") failed: no way\n"));
    assert_false(change_is_ready(scene.change));
    task_finish(beside, NULL);
    assert_int_equal(change_status(scene.change), STATUS_ERROR);
    assert_true(change_is_ready(scene.change));
    scene_end(&scene);
}

struct error_reader {
    struct listener listener;
    char *text;
};

static void read_error(struct listener *listener, void *argument) {
    CONTAINER_OF(listener, struct error_reader, listener)->text = change_error(argument);
}

static void error_is_set_when_readiness_is_emitted(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, NULL);
    struct error_reader reader = {0};
    event_add(state_change_ready(scene.state), &reader.listener, read_error);
    task_create(scene.change, "bad", "a");
    loop_run_pending(scene.loop);
    assert_string_equal(reader.text, "cannot perform the following tasks:\n- a (no way)");
    // Made, Doing, its lane aborted, Error.
    assert_int_equal(notice_of_change(scene.state, scene.change)->occurrences, 4);
    event_remove(&reader.listener);
    free(reader.text);
    scene_end(&scene);
}

static void abort_is_called_once_in_a_later_turn(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, NULL);
    struct task *a = task_create(scene.change, "slow", "a");
    struct task *b = task_create(scene.change, "slow", "b");
    task_wait_for(b, a);
    assert_story(&scene, "begin a;");
    assert_true(change_abort(scene.change, NULL));
    assert_int_equal(task_status(a), STATUS_ABORT);
    assert_int_equal(task_status(b), STATUS_HOLD);
    assert_string_equal(buffer_text(&scene.story), "");
    assert_story(&scene, "abort a;");
    assert_true(change_abort(scene.change, NULL));
    assert_story(&scene, "");
    fail_task(a, "aborted");
    assert_int_equal(task_status(a), STATUS_ERROR);
    assert_int_equal(change_status(scene.change), STATUS_ERROR);
    scene_end(&scene);
}

static void an_aborted_task_without_error_is_done(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, NULL);
    struct task *task = task_create(scene.change, "deaf", "a");
    assert_story(&scene, "begin a;");
    assert_true(change_abort(scene.change, NULL));
    assert_story(&scene, "");
    task_finish(task, NULL);
    assert_int_equal(task_status(task), STATUS_DONE);
    // Made, Doing, Abort, Undo, Done.
    assert_int_equal(notice_of_change(scene.state, scene.change)->occurrences, 5);
    assert_story(&scene, "");
    scene_end(&scene);
}

static void a_failure_aborts_those_under_way_in_its_lane(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, NULL);
    struct task *a = task_create(scene.change, "slow", "a");
    task_create(scene.change, "slow", "b");
    assert_story(&scene, "begin a;begin b;");
    fail_task(a, "broken");
    // The abort function of the failed task itself is not called.
    assert_story(&scene, "abort b;");
    scene_end(&scene);
}

static void aborted_before_it_began(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, NULL);
    struct task *task = task_create(scene.change, "slow", "a");
    assert_true(change_abort(scene.change, NULL));
    assert_story(&scene, "");
    assert_int_equal(task_status(task), STATUS_HOLD);
    scene_end(&scene);
}

static void stopped_it_begins_nothing_but_still_aborts(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, NULL);
    struct task *a = task_create(scene.change, "slow", "a");
    assert_story(&scene, "begin a;");
    runner_stop(scene.runner);
    struct change *other = change_create(scene.state, "stop", "Stop");
    task_create(other, "slow", "b");
    assert_true(change_abort(scene.change, NULL));
    assert_story(&scene, "abort a;");
    task_finish(a, NULL);
    assert_story(&scene, "");
    scene_end(&scene);
}

// A change of four tasks as a killed daemon left it.
#define TASK(id, status)                                                                                               \
    "\"" id "\":{\"id\":\"" id "\",\"kind\":\"slow\",\"summary\":\"t" id "\",\"status\":" status ",\"lanes\":[" id     \
    "],"                                                                                                               \
    "\"change\":\"1\",\"spawn-time\":\"2026-01-02T03:04:05Z\"}"

static void begins_again_what_was_under_way(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene,
                "{\"data\":{\"patch-level\":2},\"changes\":{\"1\":{\"id\":\"1\",\"kind\":\"start\",\"summary\":\"s\","
                "\"status\":0,\"task-ids\":[\"1\",\"2\",\"3\",\"4\"],\"spawn-time\":\"2026-01-02T03:04:05Z\"}},"
                "\"tasks\":{" TASK("1", "3") "," TASK("2", "5") "," TASK("3", "6") "," TASK("4", "0") "}}");
    assert_story(&scene, "begin t1;begin t4;");
    assert_int_equal(task_status(change_task(scene.change, 0)), STATUS_DOING);
    assert_int_equal(task_status(change_task(scene.change, 1)), STATUS_HOLD);
    assert_int_equal(task_status(change_task(scene.change, 2)), STATUS_DONE);
    scene_end(&scene);
}

static void many_begin_in_several_turns(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, NULL);
    for (int i = 0; i < 100; i++)
        task_create(scene.change, "slow", "x");
    uv_run(loop_uv(scene.loop), UV_RUN_NOWAIT);
    size_t after_one_turn = scene.story.length;
    assert_int_equal(after_one_turn, 4 * strlen("begin x;"));
    loop_run_pending(scene.loop);
    assert_int_equal(scene.story.length, 100 * strlen("begin x;"));
    scene_end(&scene);
}

static void the_end_of_each_turn_is_announced(void **unused UNUSED) {
    struct scene scene;
    scene_begin(&scene, NULL);
    loop_run_pending(scene.loop);
    assert_false(runner_is_due(scene.runner));
    struct counter turns = {0};
    counter_listen(&turns, runner_turn_ended(scene.runner));
    task_create(scene.change, "slow", "a");
    assert_true(runner_is_due(scene.runner));
    assert_int_equal(turns.count, 0);
    uv_run(loop_uv(scene.loop), UV_RUN_NOWAIT);
    assert_int_equal(turns.count, 1);
    assert_string_equal(buffer_text(&scene.story), "begin a;"); // it has begun by then
    assert_false(runner_is_due(scene.runner));
    for (int i = 0; i < 100; i++)
        task_create(scene.change, "slow", "x");
    uv_run(loop_uv(scene.loop), UV_RUN_NOWAIT);
    assert_int_equal(turns.count, 2);
    assert_true(runner_is_due(scene.runner)); // with those left
    event_remove(&turns.listener);
    scene_end(&scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_in_a_later_turn),
        cmocka_unit_test(begins_a_chain_in_order_and_others_beside_it),
        cmocka_unit_test(work_that_ends_at_once),
        cmocka_unit_test(unknown_kinds_are_done),
        cmocka_unit_test(unknown_kinds_of_an_earlier_daemon_end_as_their_status_says),
        cmocka_unit_test(a_failure_is_logged_and_holds_its_lane),
        cmocka_unit_test(error_is_set_when_readiness_is_emitted),
        cmocka_unit_test(abort_is_called_once_in_a_later_turn),
        cmocka_unit_test(an_aborted_task_without_error_is_done),
        cmocka_unit_test(a_failure_aborts_those_under_way_in_its_lane),
        cmocka_unit_test(aborted_before_it_began),
        cmocka_unit_test(stopped_it_begins_nothing_but_still_aborts),
        cmocka_unit_test(begins_again_what_was_under_way),
        cmocka_unit_test(many_begin_in_several_turns),
        cmocka_unit_test(the_end_of_each_turn_is_announced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

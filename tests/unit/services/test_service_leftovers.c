// SPDX-License-Identifier: GPL-3.0-or-later
// Services that end with their process tree.
#include "fixture.h"

static struct fixture fixture;

#define TREE(command, more)                                                                                            \
    "services:\n  one: {override: replace, kill-mode: tree, kill-delay: 3s, backoff-delay: 10s, command: " command     \
    ", " more "}\n"

// One service is started whose process leaves others, and is in the state after the exit.
static struct change *begin(const char *yaml) {
    fixture_begin(&fixture, yaml);
    struct change *change = fixture_ask(&fixture, SERVICE_START, "one");
    loop_run_pending(fixture.loop);
    return change;
}

static void signals_go_to_the_tree(void **state UNUSED) {
    fixture_begin(&fixture, "services:\n  one: {override: replace, command: run, kill-mode: tree}\n"
                            "  two: {override: replace, command: stubborn, kill-mode: mixed}\n"
                            "  six: {override: replace, command: run, kill-mode: group}\n");
    fixture_do(&fixture, SERVICE_START, "one two six");
    assert_int_equal(fixture.scan_count, 2); // when they are up
    fixture_do(&fixture, SERVICE_STOP, "one");
    assert_true(fixture.was_tree_signalled);
    struct change *change = fixture_ask(&fixture, SERVICE_STOP, "two");
    loop_run_pending(fixture.loop);
    assert_int_equal(fixture.last_signal, SIGTERM);
    assert_false(fixture.was_tree_signalled || fixture.was_group_signalled);
    loop_advance(fixture.loop, 5 * NS_PER_S);
    assert_int_equal(fixture.last_signal, SIGKILL);
    assert_true(fixture.was_tree_signalled);
    assert_int_equal(change_status(change), STATUS_DONE);
    fixture_do(&fixture, SERVICE_STOP, "six");
    assert_true(fixture.was_group_signalled);
    fixture_end(&fixture);
}

static void the_rest_gets_the_signal(void **state UNUSED) {
    struct change *change = begin(TREE("leave 3 run", "on-failure: ignore"));
    assert_int_equal(fixture.last_signal, SIGTERM);
    assert_true(fixture.was_tree_signalled);
    assert_state(&fixture, "one", SERVICE_EXITED);
    assert_int_equal(fixture_service(&fixture, "one")->exit_code, 3);
    assert_error(change, "exited quickly with code 3, will ignore");
    fixture_end(&fixture);
}

static void mixed_after_an_exit(void **state UNUSED) {
    (void)begin("services:\n  one: {override: replace, command: leave 3 run, kill-mode: mixed, on-failure: ignore}\n");
    assert_true(fixture.was_tree_signalled);
    assert_state(&fixture, "one", SERVICE_EXITED);
    fixture_end(&fixture);
}

static void backoff_waits_for_the_tree(void **state UNUSED) {
    struct change *change = begin(TREE("leave 3 stubborn", "on-failure: restart"));
    assert_state(&fixture, "one", SERVICE_LEFTOVERS_TERMINATING);
    loop_advance(fixture.loop, 2 * NS_PER_S); // the start window is no more
    assert_state(&fixture, "one", SERVICE_LEFTOVERS_TERMINATING);
    assert_false(change_is_ready(change));
    loop_advance(fixture.loop, NS_PER_S);
    assert_int_equal(fixture.last_signal, SIGKILL);
    assert_state(&fixture, "one", SERVICE_BACKOFF);
    assert_error(change, "exited quickly with code 3, will restart");
    assert_int_equal(fixture.started_count, 1);
    loop_advance(fixture.loop, 12 * NS_PER_S);
    assert_int_equal(fixture.started_count, 2);
    fixture_end(&fixture);
}

static void shutdown_waits_for_the_tree(void **state UNUSED) {
    (void)begin(TREE("leave 3 stubborn", "on-failure: shutdown"));
    assert_false(fixture.manager->has_shutdown);
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_state(&fixture, "one", SERVICE_EXITED);
    assert_true(fixture.manager->has_shutdown);
    fixture_end(&fixture);
}

static void a_tree_that_does_not_end(void **state UNUSED) {
    struct change *change = begin(TREE("leave 3 immortal", "on-failure: restart"));
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_state(&fixture, "one", SERVICE_LEFTOVERS_KILLING);
    loop_advance(fixture.loop, 5 * NS_PER_S);
    assert_state(&fixture, "one", SERVICE_BACKOFF);
    assert_int_equal(fixture.abandoned_count, 1);
    assert_true(fixture_has_logged(&fixture, "processes of it are still running after SIGTERM and SIGKILL"));
    assert_error(change, "exited quickly with code 3, will restart");
    fixture_end(&fixture);
}

// Of a service that was up.
static void begin_leftovers(const char *more) {
    AUTO_FREE char *yaml = memory_printf(TREE("stubborn", "%s"), more);
    fixture_begin(&fixture, yaml);
    fixture_do(&fixture, SERVICE_START, "one");
    assert_state(&fixture, "one", SERVICE_RUNNING);
    struct service_process *process = fixture_service(&fixture, "one")->process;
    free(process->command);
    process->command = memory_string("leave 3 stubborn");
    leave(process);
    loop_defer(fixture.loop, &process->step, on_process_step);
    loop_run_pending(fixture.loop);
    assert_state(&fixture, "one", SERVICE_LEFTOVERS_TERMINATING);
}

static void a_start_is_held_until_the_tree_has_ended(void **state UNUSED) {
    static const char *const actions[] = {"on-failure: restart", "on-failure: ignore"};
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
        begin_leftovers(actions[i]);
        struct change *first = fixture_ask(&fixture, SERVICE_START, "one");
        struct change *second = fixture_ask(&fixture, SERVICE_START, "one");
        loop_run_pending(fixture.loop);
        assert_int_equal(fixture.started_count, 1);
        assert_non_null(strstr(last_log(first, 0), "waiting for the processes of the last run to end"));
        assert_true(change_abort(second, NULL));
        loop_run_pending(fixture.loop);
        assert_error(second, "start aborted");
        loop_advance(fixture.loop, 3 * NS_PER_S); // SIGKILL
        loop_advance(fixture.loop, NS_PER_S);
        assert_int_equal(fixture.started_count, 2);
        assert_int_equal(change_status(first), STATUS_DONE);
        fixture_end(&fixture);
    }
}

static void a_stop_ends_starts_that_are_held(void **state UNUSED) {
    begin_leftovers("on-failure: restart");
    struct change *start = fixture_ask(&fixture, SERVICE_START, "one");
    loop_run_pending(fixture.loop);
    struct change *stop = fixture_ask(&fixture, SERVICE_STOP, "one");
    loop_advance(fixture.loop, 4 * NS_PER_S);
    assert_error(start, "service start attempt: stopped while its last run ended");
    assert_int_equal(change_status(stop), STATUS_DONE);
    assert_int_equal(fixture.started_count, 1);
    fixture_end(&fixture);
}

static void a_stop_takes_over(void **state UNUSED) {
    (void)begin(TREE("leave 3 stubborn", "on-failure: restart"));
    loop_advance(fixture.loop, 2 * NS_PER_S);
    struct change *change = fixture_ask(&fixture, SERVICE_STOP, "one");
    loop_run_pending(fixture.loop);
    assert_state(&fixture, "one", SERVICE_TERMINATING);
    loop_advance(fixture.loop, NS_PER_S); // kill-delay counts from the exit
    assert_state(&fixture, "one", SERVICE_STOPPED);
    assert_int_equal(change_status(change), STATUS_DONE);
    assert_int_equal(fixture.started_count, 1);
    fixture_end(&fixture);
}

static void a_stop_while_it_is_killed(void **state UNUSED) {
    (void)begin(TREE("leave 3 immortal", "on-failure: restart"));
    loop_advance(fixture.loop, 4 * NS_PER_S);
    struct change *change = fixture_ask(&fixture, SERVICE_STOP, "one");
    loop_run_pending(fixture.loop);
    assert_state(&fixture, "one", SERVICE_KILLING);
    loop_advance(fixture.loop, 4 * NS_PER_S);
    assert_error(change, "process still running after SIGTERM and SIGKILL");
    fixture_end(&fixture);
}

static void starts_meanwhile(void **state UNUSED) {
    (void)begin(TREE("leave 0 stubborn", "type: oneshot"));
    struct change *joined = fixture_ask(&fixture, SERVICE_START, "one");
    loop_run_pending(fixture.loop);
    assert_false(change_is_ready(joined));
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_int_equal(change_status(joined), STATUS_DONE);
    assert_int_equal(fixture.started_count, 1);
    fixture_end(&fixture);
}

static void oneshots_complete_with_their_tree(void **state UNUSED) {
    struct change *change = begin(TREE("leave 0 stubborn", "type: oneshot"));
    assert_state(&fixture, "one", SERVICE_LEFTOVERS_TERMINATING);
    assert_false(change_is_ready(change));
    loop_advance(fixture.loop, 3 * NS_PER_S);
    assert_state(&fixture, "one", SERVICE_COMPLETED);
    assert_int_equal(change_status(change), STATUS_DONE);
    fixture_end(&fixture);
    change = begin(TREE("leave 4 run", "type: oneshot"));
    assert_state(&fixture, "one", SERVICE_EXITED);
    assert_error(change, "exited with code 4, will ignore");
    fixture_end(&fixture);
    change = begin(TREE("leave 4 run", "type: oneshot, on-failure: restart"));
    assert_state(&fixture, "one", SERVICE_BACKOFF);
    assert_false(change_is_ready(change));
    fixture_end(&fixture);
}

static void an_abort_kills_the_tree(void **state UNUSED) {
    struct change *change = begin(TREE("leave 0 stubborn", "type: oneshot"));
    fixture.was_tree_signalled = false;
    assert_true(change_abort(change, NULL));
    loop_run_pending(fixture.loop);
    assert_state(&fixture, "one", SERVICE_STOPPED);
    assert_true(fixture.was_tree_signalled);
    assert_int_equal(fixture.last_signal, SIGKILL);
    fixture_end(&fixture);
}

static void a_replan_leaves_the_mode_of_the_process(void **state UNUSED) {
    fixture_begin(&fixture, TREE("run", "startup: enabled"));
    fixture_do(&fixture, SERVICE_START, "one");
    fixture_set_plan(&fixture,
                     "services:\n  one: {override: replace, command: run, kill-mode: group, startup: enabled}\n");
    struct change *change = fixture_ask(&fixture, SERVICE_REPLAN, "");
    loop_run_pending(fixture.loop);
    assert_true(fixture.was_tree_signalled);
    loop_advance(fixture.loop, 2 * NS_PER_S);
    assert_int_equal(change_status(change), STATUS_DONE);
    fixture_do(&fixture, SERVICE_STOP, "one");
    assert_true(fixture.was_group_signalled);
    fixture_end(&fixture);
}

static void ready_is_over_with_the_main_process(void **state UNUSED) {
    fixture_begin(&fixture, TREE("run", "ready: {log: up}"));
    struct change *change = fixture_ask(&fixture, SERVICE_START, "one");
    loop_run_pending(fixture.loop);
    struct service *service = fixture_service(&fixture, "one");
    process_write(service, "up\n");
    assert_int_equal(change_status(change), STATUS_DONE);
    assert_int_equal(fixture.scan_count, 1);
    service_handle(service, &(const struct service_event){.kind = EVENT_MAIN_EXITED, .exit_code = 1});
    assert_false(service->is_ready);
    assert_state(&fixture, "one", SERVICE_LEFTOVERS_TERMINATING);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_go_to_the_tree),
        cmocka_unit_test(the_rest_gets_the_signal),
        cmocka_unit_test(mixed_after_an_exit),
        cmocka_unit_test(backoff_waits_for_the_tree),
        cmocka_unit_test(shutdown_waits_for_the_tree),
        cmocka_unit_test(a_tree_that_does_not_end),
        cmocka_unit_test(a_start_is_held_until_the_tree_has_ended),
        cmocka_unit_test(a_stop_ends_starts_that_are_held),
        cmocka_unit_test(a_stop_takes_over),
        cmocka_unit_test(a_stop_while_it_is_killed),
        cmocka_unit_test(starts_meanwhile),
        cmocka_unit_test(oneshots_complete_with_their_tree),
        cmocka_unit_test(an_abort_kills_the_tree),
        cmocka_unit_test(a_replan_leaves_the_mode_of_the_process),
        cmocka_unit_test(ready_is_over_with_the_main_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

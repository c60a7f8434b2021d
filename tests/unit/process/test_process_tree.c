// SPDX-License-Identifier: GPL-3.0-or-later
// Process trees of jobs, with a cgroup if that is possible, and without one.
#include "job_fixture.h"
#include "own_cgroup.h"

#include <stdio.h>

static struct own_cgroup own;
static struct buffer notes;

static void note(const char *text, void *data UNUSED) {
    buffer_printf(&notes, "%s\n", text);
}

static int open_trees(enum cgroup_kind kind) {
    buffer_init(&notes, BUFFER_NO_LIMIT);
    bool is_entered = enter_own_cgroup(&own, kind);
    open_context(&(const struct job_context_spec){.on_tree_note = note});
    return is_entered || kind == CGROUP_WITHOUT_ROOM ? 0 : -1;
}

static int open_with_cgroup(void **state UNUSED) {
    return open_trees(CGROUP_WITH_ROOM);
}

static int open_without_cgroup(void **state UNUSED) {
    return open_trees(CGROUP_WITHOUT_ROOM);
}

static int close_trees(void **state) {
    int status = teardown(state);
    leave_own_cgroup(&own);
    buffer_finish(&notes);
    return status;
}

static bool is_alive(pid_t pid) {
    AUTO_FREE char *path = memory_printf("/proc/%d/stat", (int)pid);
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    const char *name = file_read(path, &text, NULL) ? strrchr(buffer_text(&text), ')') : NULL;
    return name != NULL && name[2] != 'Z' && name[2] != 'X';
}

// Runs a script until it has written a PID and a newline.
static pid_t start_tree(struct fixture *fixture, const char *script) {
    struct job_spec spec = script_spec(fixture, script);
    spec.tree = "db";
    spec.output_wait_ns = 100 * NS_PER_MS;
    start(fixture, &spec);
    run_until_text(&fixture->output, "\n");
    return (pid_t)strtol(buffer_text(&fixture->output), NULL, 10);
}

// A process that has left the group of the main process, and a main process that runs on.
#define WITH_SESSION "setsid sh -c 'echo $$; exec sleep 1000' & "

static void the_main_process_ends_first(void **state UNUSED) {
    struct fixture fixture = {0};
    pid_t pid = start_tree(&fixture, WITH_SESSION "sleep 0.1");
    run_until(&fixture.exited);
    for (int i = 0; i < 3; i++)
        loop_run_pending(loop);
    assert_int_equal(fixture.ended, 0);
    assert_true(is_alive(pid));
    assert_true(job_signal_tree(fixture.job, SIGTERM, NULL));
    run_until(&fixture.ended);
    assert_false(is_alive(pid));
    assert_int_equal(fixture.exit_code, 0);
    finish(&fixture);
}

static void all_get_the_signal(void **state UNUSED) {
    struct fixture fixture = {0};
    pid_t pid = start_tree(&fixture, WITH_SESSION "exec sleep 1000");
    assert_true(job_signal_tree(fixture.job, SIGTERM, NULL));
    run_until(&fixture.ended);
    assert_int_equal(fixture.exit_code, 128 + SIGTERM);
    assert_false(is_alive(pid));
    finish(&fixture);
}

static void one_that_ignores_it_is_killed(void **state UNUSED) {
    struct fixture fixture = {0};
    pid_t pid = start_tree(&fixture, "setsid sh -c 'trap \"\" TERM; echo $$; exec sleep 1000' & exec sleep 1000");
    assert_true(job_signal_tree(fixture.job, SIGTERM, NULL));
    run_until(&fixture.exited);
    loop_run_pending(loop);
    assert_int_equal(fixture.ended, 0);
    assert_true(is_alive(pid));
    assert_true(job_signal_tree(fixture.job, SIGKILL, NULL));
    run_until(&fixture.ended);
    assert_false(is_alive(pid));
    finish(&fixture);
}

static void a_tree_that_ends_by_itself(void **state UNUSED) {
    struct fixture fixture = {0};
    pid_t pid = start_tree(&fixture, "setsid sh -c 'echo $$; exec sleep 0.3' & sleep 0.1");
    run_until(&fixture.ended);
    assert_false(is_alive(pid));
    finish(&fixture);
    // The next run, of the same name.
    struct fixture next = {0};
    (void)start_tree(&next, "echo $$");
    run_until(&next.ended);
    finish(&next);
}

static void signals_of_released_jobs_are_sent(void **state UNUSED) {
    struct fixture fixture = {0};
    pid_t pid = start_tree(&fixture, WITH_SESSION "exec sleep 1000");
    job_scan_tree(fixture.job);
    assert_true(job_signal_tree(fixture.job, SIGKILL, NULL));
    job_abandon(TAKE(fixture.job));
    while (is_alive(pid))
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    finish(&fixture);
}

static void released_jobs_leave_their_tree(void **state UNUSED) {
    struct fixture fixture = {0};
    pid_t pid = start_tree(&fixture, WITH_SESSION "sleep 0.1");
    run_until(&fixture.exited);
    job_abandon(TAKE(fixture.job));
    loop_run_pending(loop);
    assert_true(is_alive(pid));
    assert_int_equal(kill(pid, SIGKILL), 0);
    finish(&fixture);
}

static void the_mark_is_in_the_environment(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "echo ${#PEBBLE_RUN}");
    spec.tree = "db";
    run_to_end(&fixture, &spec);
    assert_string_equal(buffer_text(&fixture.output), "32\n");
    finish(&fixture);
}

static void a_failed_launch(void **state UNUSED) {
    struct fixture fixture = {0};
    struct job_spec spec = script_spec(&fixture, "");
    text_list_clear(&words);
    text_list_add(&words, "/no/such/program");
    spec.tree = "db";
    start(&fixture, &spec);
    run_until(&fixture.failed);
    finish(&fixture);
}

static void the_way_is_noted(void **state UNUSED) {
    struct fixture fixture = {0};
    (void)start_tree(&fixture, "echo $$");
    run_until(&fixture.ended);
    finish(&fixture);
    struct fixture second = {0};
    (void)start_tree(&second, "echo $$");
    run_until(&second.ended);
    finish(&second);
    bool has_cgroup = own.kind == CGROUP_WITH_ROOM;
    const char *found = strstr(buffer_text(&notes), "Cannot use a cgroup");
    assert_true(has_cgroup == (found == NULL));
    assert_true(found == NULL || strstr(found + 1, "Cannot use a cgroup") == NULL); // once
}

#define TESTS(setup)                                                                                                   \
    cmocka_unit_test_setup_teardown(the_main_process_ends_first, setup, close_trees),                                  \
        cmocka_unit_test_setup_teardown(all_get_the_signal, setup, close_trees),                                       \
        cmocka_unit_test_setup_teardown(one_that_ignores_it_is_killed, setup, close_trees),                            \
        cmocka_unit_test_setup_teardown(a_tree_that_ends_by_itself, setup, close_trees),                               \
        cmocka_unit_test_setup_teardown(signals_of_released_jobs_are_sent, setup, close_trees),                        \
        cmocka_unit_test_setup_teardown(released_jobs_leave_their_tree, setup, close_trees),                           \
        cmocka_unit_test_setup_teardown(the_mark_is_in_the_environment, setup, close_trees),                           \
        cmocka_unit_test_setup_teardown(a_failed_launch, setup, close_trees),                                          \
        cmocka_unit_test_setup_teardown(the_way_is_noted, setup, close_trees)

int main(void) {
    const struct CMUnitTest scanning[] = {TESTS(open_without_cgroup)};
    const struct CMUnitTest in_cgroups[] = {TESTS(open_with_cgroup)};
    int failures = cmocka_run_group_tests(scanning, NULL, NULL);
    bool is_possible = enter_own_cgroup(&own, CGROUP_WITH_ROOM);
    leave_own_cgroup(&own);
    if (!is_possible)
        (void)fprintf(stderr, "Skipped: no cgroup of version 2 is writable\n");
    return is_possible ? failures + cmocka_run_group_tests(in_cgroups, NULL, NULL) : failures;
}

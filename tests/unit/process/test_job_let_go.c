// SPDX-License-Identifier: GPL-3.0-or-later
// Letting go of a job, in each phase of its life.
#include "job_fixture.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "before_exec.h"

// Checks that the process ends by itself: its script echoes into the pipe `ends`.
static int ends[2];

static void start_reporting(struct fixture *fixture, const char *script) {
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    AUTO_FREE char *whole =
        memory_printf("exec 3>/proc/%d/fd/%d; [ -e /proc/%d ] && %s", (int)getpid(), ends[1], (int)getpid(), script);
    struct job_spec spec = script_spec(fixture, whole);
    spec.output_wait_ns = 50 * NS_PER_MS;
    start(fixture, &spec);
}

static void expect_report(const char *text) {
    char piece[10] = "";
    ssize_t length;
    while ((length = read(ends[0], piece, sizeof piece - 1)) < 0)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_string_equal(piece, text);
}

static void wait_until_childless(void) {
    siginfo_t info;
    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    assert_int_equal(errno, ECHILD);
    close(ends[0]);
    close(ends[1]);
}

static void (*const ways[])(struct job *job) = {job_destroy, job_abandon};

static void let_go_before_the_launch(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
        struct fixture fixture = {0};
        size_t before = count_descriptors();
        start_reporting(&fixture, "echo run >&3");
        ways[i](TAKE(fixture.job));
        wait_until_childless();
        loop_run_pending(loop);
        assert_int_equal(fixture.launched + fixture.failed, 0);
        assert_int_equal(count_descriptors(), before);
    }
}

static void let_go_of_a_running_process(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
        struct fixture fixture = {.when = WHEN_LAUNCHED, .let_go = ways[i]};
        // Without a reader its output is an error, else it goes on being read.
        start_reporting(&fixture, "{ trap '' PIPE; sleep 0.1; echo x; echo $? >&3; }");
        run_until(&fixture.launched);
        assert_null(fixture.job);
        expect_report(ways[i] == job_destroy ? "1\n" : "0\n");
        wait_until_childless();
        loop_run_pending(loop);
        assert_int_equal(fixture.exited + fixture.ended, 0);
        assert_int_equal(fixture.output.length, 0);
        finish(&fixture);
    }
}

static void let_go_when_the_process_has_ended(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
        struct fixture fixture = {.when = WHEN_EXITED, .let_go = ways[i]};
        start_reporting(&fixture, "{ (sleep 0.1; echo still >&3) & exit 0; }");
        run_until(&fixture.exited);
        assert_null(fixture.job);
        expect_report("still\n");
        wait_until_childless();
        assert_int_equal(fixture.ended, 0);
        finish(&fixture);
    }
}

static void let_go_at_the_end(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
        struct fixture fixture = {.when = WHEN_ENDED, .let_go = ways[i]};
        struct job_spec spec = script_spec(&fixture, "echo all");
        run_to_end(&fixture, &spec);
        assert_null(fixture.job);
        assert_string_equal(buffer_text(&fixture.output), "all\n");
        finish(&fixture);
        fixture = (struct fixture){.when = WHEN_FAILED, .let_go = ways[i]};
        spec = script_spec(&fixture, "");
        run_as.directory = memory_string("/no/such");
        start(&fixture, &spec);
        run_until(&fixture.failed);
        assert_null(fixture.job);
        finish(&fixture);
        free(TAKE(run_as.directory));
    }
}

static void abandoned_jobs_go_with_the_context(void **state UNUSED) {
    struct fixture fixture = {.when = WHEN_LAUNCHED, .let_go = job_abandon};
    start_reporting(&fixture, "exec sleep 1000");
    run_until(&fixture.launched);
    assert_true(job_context_destroy(TAKE(context)));
    close(ends[0]);
    close(ends[1]);
    finish(&fixture);
    assert_int_equal(kill(fixture.pid, SIGKILL), 0); // for it goes on
}

#ifdef PEBBLE_TEST_SEAMS

static void let_go_of_a_launch_under_way(void **state UNUSED) {
    for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
        struct fixture fixture = {0};
        stop_children_of(getuid());
        start_reporting(&fixture, "echo run >&3");
        while (count_stopped() == 0)
            uv_run(loop_uv(loop), UV_RUN_NOWAIT);
        ways[i](TAKE(fixture.job));
        wait_until_childless();
        loop_run_pending(loop);
        assert_int_equal(fixture.launched + fixture.failed, 0);
        stop_no_children();
        finish(&fixture);
    }
}

#endif

int main(void) {
    alarm(100);
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(let_go_before_the_launch),           TEST(let_go_of_a_running_process),
        TEST(let_go_when_the_process_has_ended),  TEST(let_go_at_the_end),
        TEST(abandoned_jobs_go_with_the_context),
#ifdef PEBBLE_TEST_SEAMS
        TEST(let_go_of_a_launch_under_way),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "probe_fixture.h"

#include <stdio.h>
#include <sys/wait.h>

// The check of a script; valid until the next call.
static const char *script(const char *text) {
    static char *yaml;
    free(yaml);
    yaml = memory_printf("exec: {command: \"sh -c '%s'\"}", text);
    return yaml;
}

static void exit_0_passes(void **state UNUSED) {
    expect_result(script("echo all is well"), "passed");
}

static void other_exits_fail_with_the_output(void **state UNUSED) {
    expect_result(script("exit 4"), "exit status 4|");
    expect_result(script("echo out; echo err >&2; exit 5"), "exit status 5|out\nerr");
    expect_result(script("for i in 1 2 3 4 5; do echo line $i; done; exit 1"),
                  "exit status 1|line 1\nline 2\nline 3\nline 4\nline 5");
    expect_result(script("for i in 1 2 3 4 5 6 7; do echo line $i; done; exit 1"),
                  "exit status 1|(...)\nline 3\nline 4\nline 5\nline 6\nline 7");
    expect_result(script("kill -KILL $$"), "exit status 137|");
}

static void environment_and_directory_are_the_checks(void **state UNUSED) {
    assert_int_equal(setenv("FROM_DAEMON", "1", 1), 0);
    assert_int_equal(setenv("BOTH", "daemon", 1), 0);
    expect_result("exec: {command: \"sh -c 'echo $FROM_DAEMON $BOTH $C; pwd; exit 1'\", working-dir: /usr,"
                  " environment: {BOTH: check, C: $A}}",
                  "exit status 1|1 check $A\n/usr");
}

static void a_command_that_cannot_start_fails(void **state UNUSED) {
    expect_result("exec: {command: no-such-program}", "exec: \"no-such-program\": executable file not found in $PATH|");
    expect_result("exec: {command: /no/such/program}", "fork/exec /no/such/program: no such file or directory|");
    expect_result("exec: {command: /bin/sh, working-dir: /no/such}",
                  "fork/exec /bin/sh: chdir /no/such: no such file or directory|");
}

// Runs a script that writes the PIDs of two processes to a file before it hangs, and waits until both have ended.
static void expect_group_killed(const char *hang) {
    char path[] = "/tmp/probe-exec-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    AUTO_FREE char *text =
        memory_printf("%s echo $$ $child > %s.new; mv %s.new %s; while :; do wait; done", hang, path, path, path);
    AUTO_ERROR struct error err = {0};
    if (!start_probe(script(text), &err))
        fail_msg("%s", error_text(&err));
    int pids[2] = {0, 0};
    while (pids[1] == 0) {
        (void)uv_run(loop_uv(loop), UV_RUN_NOWAIT);
        FILE *file = fopen(path, "re");
        if (file == NULL)
            continue;
        if (fscanf(file, "%d %d", &pids[0], &pids[1]) != 2)
            pids[1] = 0;
        (void)fclose(file);
    }
    prober.cancel(TAKE(probe));
    for (int i = 0; i < 2; i++) {
        while (kill(pids[i], 0) == 0)
            (void)uv_run(loop_uv(loop), UV_RUN_NOWAIT);
    }
    assert_int_equal(result.calls, 0);
    (void)close(fd);
    (void)unlink(path);
}

static void cancelling_kills_the_group(void **state UNUSED) {
    expect_group_killed("sleep 1000 & child=$!;");
    expect_group_killed("trap \\\"\\\" TERM; (trap \\\"\\\" TERM; sleep 1000) & child=$!;");
    expect_group_killed("yes & child=$!;"); // floods its output
}

static void the_last_512_bytes_are_kept(void **state UNUSED) {
    char zeros[512] = "";
    memset(zeros, '0', sizeof zeros - 1);
    AUTO_FREE char *whole = memory_printf("exit status 1|%s1", zeros);
    AUTO_FREE char *cut = memory_printf("exit status 1|(...)\n%s2", zeros);
    expect_result(script("printf %0512d 1; exit 1"), whole);
    expect_result(script("printf %0513d 2; exit 1"), cut);
}

static void a_flood_is_read_and_cut(void **state UNUSED) {
    run_probe_within(script("yes 0123456789 | head -c 20000000; exit 3"), 60000);
    assert_string_equal(result.failure,
                        "exit status 3|(...)\n0123456789\n0123456789\n0123456789\n0123456789\n012345678");
}

static void a_process_left_behind_delays_the_result_by_a_second(void **state UNUSED) {
    int64_t began_ns = clock_monotonic_ns();
    run_probe_within(script("sleep 1000 & echo $!; exit 2"), 60000);
    int64_t took_ns = clock_monotonic_ns() - began_ns;
    assert_true(text_has_prefix(result.failure, "exit status 2|"));
    assert_true(took_ns >= 900 * NS_PER_MS);
    assert_true(took_ns < 30 * NS_PER_S);
    int64_t pid = 0;
    assert_true(text_to_int64(strchr(result.failure, '|') + 1, 2, INT32_MAX, &pid));
    assert_int_equal(kill((pid_t)pid, SIGKILL), 0); // it goes on
}

static void cancelling_before_the_launch_is_fine(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    assert_true(start_probe(script("exit 1"), &err));
    prober.cancel(TAKE(probe));
    prober.cancel(NULL);
    loop_run_pending(loop);
    assert_int_equal(result.calls, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PROBE_TEST(exit_0_passes),
        PROBE_TEST(other_exits_fail_with_the_output),
        PROBE_TEST(environment_and_directory_are_the_checks),
        PROBE_TEST(a_command_that_cannot_start_fails),
        PROBE_TEST(cancelling_kills_the_group),
        PROBE_TEST(the_last_512_bytes_are_kept),
        PROBE_TEST(a_flood_is_read_and_cut),
        PROBE_TEST(a_process_left_behind_delays_the_result_by_a_second),
        PROBE_TEST(cancelling_before_the_launch_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

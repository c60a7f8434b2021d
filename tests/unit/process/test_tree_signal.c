// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/tree_signal_internal.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>

#include <cmocka.h>

#include "base/file.h"

static void stat_lines(void **state UNUSED) {
    struct process_stat stat;
    assert_true(process_stat_parse("7 (a b) c)) S 5 6 6 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 12345 9 9\n", &stat));
    assert_int_equal(stat.parent, 5);
    assert_int_equal(stat.group, 6);
    assert_true(stat.start == 12345);
    assert_false(stat.is_dead);
    assert_true(process_stat_parse("7 (x) Z 5 6 6 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 12345 0 0", &stat));
    assert_true(stat.is_dead);
    // The first thread has ended, others have not.
    assert_true(process_stat_parse("7 (x) Z 5 6 6 0 -1 4 1 2 3 4 5 6 7 8 20 0 2 0 12345 0 0", &stat));
    assert_false(stat.is_dead);
    assert_true(process_stat_parse("7 (x) S 5 6 6 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 18446744073709551615 0 0", &stat));
    assert_true(stat.start == UINT64_MAX);
    static const char *const broken[] = {"",      "7",       "7 (x",
                                         "7 (x)", "7 (x) S", "7 (x) S 5 6 6 0 -1 4 1 2 3 4 5 6 7 8 20"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_false(process_stat_parse(broken[i], &stat));
}

static pid_t start_child(void) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        pause();
        _exit(0);
    }
    return pid;
}

static uint64_t start_of(pid_t pid) {
    AUTO_CLOSE int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct process_stat stat;
    assert_true(process_stat_read(proc_fd, pid, &stat));
    assert_int_equal(stat.parent, getpid());
    return stat.start;
}

static void assert_ended_by(pid_t pid, int signal_number) {
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), signal_number);
}

// The process that had the PID before has another time of its start.
static void reused_pids_are_not_signalled(void **state UNUSED) {
    pid_t pid = start_child();
    uint64_t start = start_of(pid);
    assert_int_equal(tree_signal_process(pid, start - 1, SIGKILL), ESRCH);
    assert_int_equal(tree_signal_process(pid, start + 1, SIGKILL), ESRCH);
    assert_int_equal(tree_signal_in_cgroup(pid, "/pebble/none", SIGKILL), ESRCH);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
    assert_int_equal(tree_signal_process(pid, start, SIGTERM), 0);
    assert_ended_by(pid, SIGTERM);
    assert_int_equal(tree_signal_process(pid, start, SIGTERM), ESRCH);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stat_lines),
        cmocka_unit_test(reused_pids_are_not_signalled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

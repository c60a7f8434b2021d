// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "testing/fork_internal.h"

static volatile sig_atomic_t signals;
static volatile sig_atomic_t handlers;

static void on_child_ended(int number UNUSED) {
    signals++;
}

static void on_fork_prepared(void) {
    handlers++;
}

static void nothing_notices_the_child(void **state UNUSED) {
    int status;
    assert_int_equal(pthread_atfork(on_fork_prepared, NULL, on_fork_prepared), 0);
    assert_true(signal(SIGCHLD, on_child_ended) != SIG_ERR);
    pid_t pid = testing_fork(0);
    if (pid == 0)
        _exit(3);
    assert_true(pid > 0);
    assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(waitpid(pid, &status, (int)__WCLONE), pid);
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_int_equal(signals, 0);
    assert_int_equal(handlers, 0);
    assert_true(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
}

static void flags_are_used(void **state UNUSED) {
    int status;
    pid_t pid = testing_fork(SIGCHLD);
    if (pid == 0)
        _exit(4);
    assert_int_equal(waitpid(-1, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 4);
}

static int await_child(bool reports, int errnum, int exit_code) {
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = testing_fork(0);
    if (pid == 0) {
        if (reports)
            testing_fork_report(ends[1], errnum);
        _exit(exit_code);
    }
    assert_int_equal(close(ends[1]), 0);
    int result = testing_fork_await(pid, ends[0]);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(waitpid(pid, NULL, __WALL), -1);
    assert_int_equal(errno, ECHILD);
    return result;
}

static void the_exit_code_is_no_errno(void **state UNUSED) {
    assert_int_equal(await_child(true, 0, 9), 0); // as of a program that a tool watches
    assert_int_equal(await_child(true, EAGAIN, 0), EAGAIN);
    assert_int_equal(await_child(true, 300, 0), 300); // more than an exit code has
    assert_int_equal(await_child(false, 0, 0), ECANCELED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_notices_the_child),
        cmocka_unit_test(flags_are_used),
        cmocka_unit_test(the_exit_code_is_no_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

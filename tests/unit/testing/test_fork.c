// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_notices_the_child),
        cmocka_unit_test(flags_are_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

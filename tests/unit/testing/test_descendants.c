// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "testing/descendants_internal.h"

static void parents_are_read(void **state UNUSED) {
    assert_int_equal(testing_parent_of("17 (sh) S 12 17 17 0"), 12);
    assert_int_equal(testing_parent_of("17 (a) S 99 (b) R 12 1"), 12);
    assert_int_equal(testing_parent_of("17 (sh) S"), -1);
    assert_int_equal(testing_parent_of("17 (sh)"), -1);
    assert_int_equal(testing_parent_of("17 (sh) S x"), -1);
    assert_int_equal(testing_parent_of("17 (sh) S 99999999999"), -1);
    assert_int_equal(testing_parent_of(""), -1);
}

// Each process has a child, in a session of its own, and the pipe open.
static void fork_chain(int depth) {
    if (depth > 0 && fork() == 0) {
        (void)setsid();
        (void)signal(SIGTERM, SIG_IGN);
        fork_chain(depth - 1);
        for (;;)
            (void)pause();
    }
}

static void descendants_end(void **state UNUSED) {
    int ends[2], status;
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(ends[0]);
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
        fork_chain(4);
        fork_chain(1);
        testing_kill_descendants();
        _exit(waitpid(-1, NULL, 0) < 0 && errno == ECHILD ? 0 : 1);
    }
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 0); // no process has the other end
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    (void)close(ends[0]);
}

static void without_children(void **state UNUSED) {
    testing_kill_descendants();
    assert_int_equal(waitpid(-1, NULL, 0), -1);
    assert_int_equal(errno, ECHILD);
}

// The second process of a PID namespace whose /proc has the numbers of another one.
static _Noreturn void run_with_foreign_proc(void) {
    pid_t pid = fork();
    if (pid == 0) {
        if (fork() == 0) {
            for (;;)
                (void)pause();
        }
        testing_kill_descendants();
        _exit(0);
    }
    int status;
    _exit(waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 1); // the namespace ends with it
}

static void a_foreign_proc_is_not_waited_for(void **state UNUSED) {
    enum { NO_NAMESPACES = 77 };
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
            _exit(NO_NAMESPACES);
        pid_t first = fork();
        if (first == 0)
            run_with_foreign_proc();
        _exit(waitpid(first, &status, 0) == first && status == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_NAMESPACES)
        skip();
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parents_are_read),
        cmocka_unit_test(descendants_end),
        cmocka_unit_test(without_children),
        cmocka_unit_test(a_foreign_proc_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

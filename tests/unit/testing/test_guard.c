// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/compiler.h"
#include "testing/guard_internal.h"
#include "with_launch.h"

struct with_guard {
    struct with_launch launch;
    int life_fd, control_fd, open_fd; // open_fd: the other end of a pipe that the guardian must not keep
    pid_t pid;
};

static void forbid_descriptors(void) {
    const struct rlimit limit = {.rlim_cur = STDERR_FILENO + 1, .rlim_max = STDERR_FILENO + 1};
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

// The guardian is a child here. `caller_fd`: a pidfd, or -1. `root`: of a guardian that can open nothing, or NULL.
static void begin_with(struct with_guard *with, int caller_fd, const struct testing_root *root) {
    int life[2], control[2], ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, life), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
    assert_int_equal(pipe(ends), 0);
    with_launch_begin(&with->launch, "sleep 1000");
    with->pid = fork();
    if (with->pid == 0) {
        (void)close(life[0]);
        (void)close(control[0]);
        if (root == NULL)
            (void)close(STDIN_FILENO); // the numbers of the standard streams may be free
        const struct testing_guard_fds fds = {.life = life[1], .control = dup(control[1]), .caller = caller_fd};
        with->launch.launch.root = root;
        if (root != NULL)
            forbid_descriptors();
        testing_guard_run(&with->launch.launch, &fds);
    }
    (void)close(life[1]);
    (void)close(control[1]);
    (void)close(ends[1]);
    with->life_fd = life[0];
    with->control_fd = control[0];
    with->open_fd = ends[0];
}

static void begin(struct with_guard *with, int caller_fd) {
    begin_with(with, caller_fd, NULL);
}

static void start_daemon(const struct with_guard *with) {
    struct testing_message message;
    char command = TESTING_COMMAND_LAUNCH;
    assert_int_equal(recv(with->control_fd, &message, sizeof message, 0), sizeof message);
    assert_int_equal(message.kind, TESTING_MESSAGE_READY);
    assert_int_equal(send(with->control_fd, &command, 1, 0), 1);
    assert_int_equal(recv(with->control_fd, &message, sizeof message, 0), sizeof message);
    assert_int_equal(message.kind, TESTING_MESSAGE_LAUNCHED);
}

// Waits for the end of the guardian.
static void end(struct with_guard *with) {
    int status;
    assert_int_equal(waitpid(with->pid, &status, 0), with->pid);
    assert_int_equal(status, 0);
    assert_int_equal(access(with->launch.directory, F_OK), -1);
    file_close_at(&with->life_fd);
    file_close_at(&with->control_fd);
    file_close_at(&with->open_fd);
    with_launch_end(&with->launch);
}

static void descriptors_of_the_caller_are_closed(void **state UNUSED) {
    struct with_guard with;
    char byte;
    begin(&with, -1);
    start_daemon(&with);
    assert_int_equal(read(with.open_fd, &byte, 1), 0);
    file_close_at(&with.life_fd);
    end(&with);
}

static void the_end_of_the_caller_is_seen(void **state UNUSED) {
    struct with_guard with;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t caller = fork();
    if (caller == 0) {
        char byte;
        (void)close(ends[1]);
        (void)!read(ends[0], &byte, 1);
        _exit(0);
    }
    (void)close(ends[0]);
    AUTO_CLOSE int caller_fd = (int)syscall(SYS_pidfd_open, caller, 0);
    assert_true(caller_fd >= 0);
    assert_int_equal(fcntl(ends[1], F_SETFD, FD_CLOEXEC), 0);
    begin(&with, caller_fd);
    start_daemon(&with);
    (void)close(ends[1]);
    end(&with); // although the socket is open
    assert_int_equal(waitpid(caller, NULL, 0), caller);
}

static void the_keeper_may_end(void **state UNUSED) {
    struct with_guard with;
    begin(&with, -1);
    start_daemon(&with);
    file_close_at(&with.control_fd);
    assert_int_equal(access(with.launch.directory, F_OK), 0); // the guardian still waits
    assert_int_equal(shutdown(with.life_fd, SHUT_WR), 0);
    end(&with);
}

static void without_descriptors_there_is_no_root(void **state UNUSED) {
    static const struct testing_root root = {0};
    struct testing_message message;
    struct with_guard with;
    begin_with(&with, -1, &root);
    assert_int_equal(recv(with.control_fd, &message, sizeof message, 0), sizeof message);
    assert_int_equal(message.kind, TESTING_MESSAGE_NOT_ROOTED);
    assert_string_equal(message.text, "cannot create pipe: too many open files");
    assert_int_equal(recv(with.control_fd, &message, sizeof message, 0), 0);
    file_close_at(&with.life_fd);
    assert_int_equal(waitpid(with.pid, NULL, 0), with.pid);
    assert_int_equal(rmdir(with.launch.directory), 0); // which it could not open
    file_close_at(&with.control_fd);
    file_close_at(&with.open_fd);
    with_launch_end(&with.launch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_of_the_caller_are_closed),
        cmocka_unit_test(the_end_of_the_caller_is_seen),
        cmocka_unit_test(the_keeper_may_end),
        cmocka_unit_test(without_descriptors_there_is_no_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

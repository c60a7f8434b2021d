// SPDX-License-Identifier: LGPL-3.0-or-later
// The test program's side. The process itself is in guard.c.
#include "testing/guardian_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "client/errors.h"
#include "testing/fork_internal.h"
#include "testing/guard_internal.h"

void testing_guardian_init(struct testing_guardian *guardian) {
    *guardian = (struct testing_guardian){.life_fd = -1, .control_fd = -1};
}

// The process between this one and the guardian.
static _Noreturn void fork_and_exit(const struct testing_launch *launch, const struct testing_guard_fds *fds,
                                    int result_fd) {
    pid_t pid = testing_fork(0);
    if (pid == 0)
        testing_guard_run(launch, fds);
    testing_fork_report(result_fd, pid < 0 ? errno : 0);
    _exit(0);
}

// The process between has no signal at its end, and waitpid(-1) does not report it. All signals are blocked, so that no
// handler of the test program runs in the new processes.
static bool fork_guardian(const struct testing_launch *launch, const struct testing_guard_fds *fds) {
    int result[2];
    sigset_t all, old;
    if (pipe2(result, O_CLOEXEC) != 0)
        return false;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    pid_t between = testing_fork(0);
    if (between == 0)
        fork_and_exit(launch, fds, result[1]);
    int errnum = errno;
    (void)close(result[1]);
    if (between > 0)
        errnum = testing_fork_await(between, result[0]);
    (void)close(result[0]);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = errnum;
    return errnum == 0;
}

static bool open_sockets(int life[2], int control[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, life) == 0 &&
           socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) == 0;
}

bool testing_guardian_start(struct testing_guardian *guardian, const struct testing_launch *launch,
                            struct pebble_error *error) {
    int life[] = {-1, -1}, control[] = {-1, -1};
    int caller_fd = (int)syscall(SYS_pidfd_open, getpid(), 0); // -1: the socket has to do
    bool is_started = open_sockets(life, control);
    if (is_started) {
        const struct testing_guard_fds fds = {.life = life[1], .control = control[1], .caller = caller_fd};
        is_started = fork_guardian(launch, &fds);
    }
    int errnum = errno;
    file_close_at(&caller_fd);
    file_close_at(&life[1]);
    file_close_at(&control[1]);
    if (is_started) {
        *guardian = (struct testing_guardian){.life_fd = life[0], .control_fd = control[0]};
        return true;
    }
    file_close_at(&life[0]);
    file_close_at(&control[0]);
    return client_fail(error, PEBBLE_ERROR_FILE, "cannot start guardian process: %s", error_errno_text(errnum));
}

static int time_left_ms(int64_t deadline_ns) {
    int64_t left_ns = deadline_ns - clock_monotonic_ns();
    if (left_ns <= 0)
        return 0;
    int64_t left_ms = (left_ns + NS_PER_MS - 1) / NS_PER_MS;
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

static bool wait_readable(int fd, int64_t deadline_ns) {
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    int count;
    do
        count = poll(&watched, 1, time_left_ms(deadline_ns));
    while (count < 0 && (errno == EINTR || errno == EAGAIN));
    return count > 0;
}

// Whether this process is the parent of those that have lost theirs.
static bool adopts_processes(void) {
    int is_subreaper = 0;
    return getpid() == 1 || (prctl(PR_GET_CHILD_SUBREAPER, &is_subreaper, 0UL, 0UL, 0UL) == 0 && is_subreaper != 0);
}

bool testing_guardian_await_directory(struct testing_guardian *guardian, int64_t deadline_ns, int *errnum,
                                      struct pebble_error *error) {
    struct testing_greeting greeting;
    if (!wait_readable(guardian->life_fd, deadline_ns))
        return client_fail(error, PEBBLE_ERROR_TIMEOUT, "cannot start guardian process: timeout");
    if (recv(guardian->life_fd, &greeting, sizeof greeting, MSG_DONTWAIT) != (ssize_t)sizeof greeting)
        return client_fail(error, PEBBLE_ERROR_CONNECTION, "cannot start guardian process: it has ended");
    guardian->pid = greeting.pid;
    *errnum = greeting.errnum;
    return true;
}

void testing_guardian_stop(struct testing_guardian *guardian, int64_t deadline_ns) {
    if (guardian->life_fd < 0)
        return;
    (void)shutdown(guardian->life_fd, SHUT_WR);
    struct testing_greeting greeting = {.pid = guardian->pid};
    bool has_ended = false;
    while (!has_ended && wait_readable(guardian->life_fd, deadline_ns)) {
        ssize_t length = recv(guardian->life_fd, &greeting, sizeof greeting, MSG_DONTWAIT);
        has_ended = length == 0 || (length < 0 && errno != EINTR && errno != EAGAIN);
    }
    if (has_ended && greeting.pid > 0 && adopts_processes())
        (void)waitpid(greeting.pid, NULL, __WALL);
    file_close_at(&guardian->life_fd);
    file_close_at(&guardian->control_fd);
}

void testing_guardian_dismiss(struct testing_guardian *guardian, int64_t deadline_ns) {
    if (guardian->life_fd >= 0)
        testing_launch_send(guardian->life_fd, &(char){TESTING_GUARD_DISMISS}, 1);
    testing_guardian_stop(guardian, deadline_ns);
}

bool testing_guardian_send(const struct testing_guardian *guardian, enum testing_command command) {
    char byte = (char)command;
    ssize_t sent;
    do
        sent = send(guardian->control_fd, &byte, 1, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == 1;
}

bool testing_guardian_receive(const struct testing_guardian *guardian, int64_t deadline_ns,
                              struct testing_message *message, struct pebble_error *error) {
    struct testing_message received;
    if (!wait_readable(guardian->control_fd, deadline_ns))
        return client_fail(error, PEBBLE_ERROR_TIMEOUT, "cannot control daemon: timeout");
    ssize_t length = recv(guardian->control_fd, &received, sizeof received, MSG_DONTWAIT);
    if (length != (ssize_t)sizeof received)
        return client_fail(error, PEBBLE_ERROR_CONNECTION, "cannot control daemon: its parent process has ended");
    received.text[sizeof received.text - 1] = '\0';
    *message = received;
    return true;
}

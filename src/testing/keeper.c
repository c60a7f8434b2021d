// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/keeper_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "testing/descendants_internal.h"
#include "testing/fork_internal.h"
#include "testing/root_apply_internal.h"

struct testing_keeper {
    const struct testing_launch *launch;
    int control_fd;
    int signal_fd;
    pid_t daemon; // 0: none
};

static void send_message(const struct testing_keeper *keeper, const struct testing_message *message) {
    testing_launch_send(keeper->control_fd, message, sizeof *message);
}

static void send_number(const struct testing_keeper *keeper, enum testing_message_kind kind, int value) {
    const struct testing_message message = {.kind = kind, .value = value};
    send_message(keeper, &message);
}

// --- starting the daemon ---

// A random UUID, RFC 9562 section 5.4, and a line end.
static void write_boot_id(int fd) {
    static const char digits[] = "0123456789abcdef", pattern[] = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx\n";
    unsigned char bytes[sizeof pattern] = {0};
    char text[sizeof pattern];
    (void)!getrandom(bytes, sizeof bytes, GRND_NONBLOCK);
    for (size_t i = 0; i < sizeof pattern; i++)
        text[i] = pattern[i] == 'x' ? digits[bytes[i] & 15] : pattern[i];
    (void)!pwrite(fd, text, sizeof text - 1, 0);
}

static void reset_signals(void) {
    const struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        (void)sigaction(number, &action, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void execute(const struct testing_launch *launch, int error_fd) {
    (void)setsid();
    (void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL);
    reset_signals();
    bool is_good = chdir(launch->working_directory) == 0 && dup2(launch->null_fd, STDIN_FILENO) >= 0 &&
                   dup2(launch->log_fd, STDOUT_FILENO) >= 0 && dup2(launch->log_fd, STDERR_FILENO) >= 0;
    if (is_good)
        (void)execve(launch->program, launch->arguments, launch->environment);
    int errnum = errno;
    (void)!write(error_fd, &errnum, sizeof errnum);
    _exit(127);
}

// The pipe is closed by a successful execve().
static int read_errno(int error_fd) {
    int errnum = 0;
    ssize_t length;
    do
        length = read(error_fd, &errnum, sizeof errnum);
    while (length < 0 && errno == EINTR);
    return length == (ssize_t)sizeof errnum ? errnum : 0;
}

static void launch_daemon(struct testing_keeper *keeper) {
    int ends[2];
    if (keeper->daemon != 0) {
        send_number(keeper, TESTING_MESSAGE_NOT_LAUNCHED, EBUSY);
        return;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        send_number(keeper, TESTING_MESSAGE_NOT_LAUNCHED, errno);
        return;
    }
    if (keeper->launch->boot_id_fd >= 0)
        write_boot_id(keeper->launch->boot_id_fd);
    pid_t pid = testing_fork(SIGCHLD);
    int errnum = errno;
    if (pid == 0)
        execute(keeper->launch, ends[1]);
    (void)close(ends[1]);
    if (pid > 0)
        errnum = read_errno(ends[0]);
    (void)close(ends[0]);
    if (pid > 0 && errnum == 0) {
        keeper->daemon = pid;
        send_number(keeper, TESTING_MESSAGE_LAUNCHED, 0);
        return;
    }
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    send_number(keeper, TESTING_MESSAGE_NOT_LAUNCHED, errnum);
}

// --- the end of processes ---

static void reap(struct testing_keeper *keeper) {
    struct signalfd_siginfo info;
    int status;
    pid_t pid;
    (void)!read(keeper->signal_fd, &info, sizeof info);
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != keeper->daemon)
            continue;
        keeper->daemon = 0;
        testing_kill_descendants();
        send_number(keeper, TESTING_MESSAGE_ENDED, status);
        return;
    }
}

static void signal_daemon(const struct testing_keeper *keeper, int number) {
    if (keeper->daemon > 0)
        (void)kill(keeper->daemon, number); // it has not been reaped
}

// False at the end of the connection.
static bool take_command(struct testing_keeper *keeper) {
    char command = 0;
    ssize_t length = recv(keeper->control_fd, &command, 1, 0);
    if (length < 0)
        return errno == EINTR || errno == EAGAIN;
    if (length == 0)
        return false;
    if (command == TESTING_COMMAND_LAUNCH)
        launch_daemon(keeper);
    else if (command == TESTING_COMMAND_TERMINATE)
        signal_daemon(keeper, SIGTERM);
    else if (command == TESTING_COMMAND_KILL)
        signal_daemon(keeper, SIGKILL);
    return true;
}

// --- the process ---

static void await_end(int fd) {
    char byte;
    while (read(fd, &byte, 1) < 0 && errno == EINTR)
        continue;
}

static bool enter_root(const struct testing_keeper *keeper, int go_fd) {
    struct testing_message message = {.kind = TESTING_MESSAGE_NOT_ROOTED};
    await_end(go_fd);
    (void)close(go_fd);
    if (testing_root_apply(keeper->launch->root, message.text))
        return true;
    send_message(keeper, &message);
    return false;
}

static int open_signal_fd(void) {
    sigset_t child;
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

_Noreturn void testing_keeper_run(const struct testing_launch *launch, int control_fd, int go_fd) {
    struct testing_keeper keeper = {.launch = launch, .control_fd = control_fd, .signal_fd = open_signal_fd()};
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
    if (keeper.signal_fd < 0 || (go_fd >= 0 && !enter_root(&keeper, go_fd)))
        _exit(1);
    (void)prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL); // the end of the guardian
    send_number(&keeper, TESTING_MESSAGE_READY, 0);
    for (;;) {
        struct pollfd watched[] = {{.fd = control_fd, .events = POLLIN}, {.fd = keeper.signal_fd, .events = POLLIN}};
        if (poll(watched, ARRAY_COUNT(watched), -1) < 0)
            continue;
        if (watched[1].revents != 0)
            reap(&keeper);
        if (watched[0].revents != 0 && !take_command(&keeper))
            _exit(0); // the guardian ends the others
    }
}

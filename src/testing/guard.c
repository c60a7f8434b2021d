// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/guard_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "testing/descendants_internal.h"
#include "testing/fork_internal.h"
#include "testing/keeper_internal.h"
#include "testing/removal_internal.h"

#define NAMESPACES ((unsigned long)(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID))
#define FDS_MAX 65536U
#define PATH_BYTES 64

// --- descriptors ---

static void close_range_of(unsigned first, unsigned last) {
    struct rlimit limit;
    if (first > last || syscall(SYS_close_range, first, last, 0U) == 0)
        return;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > FDS_MAX)
        limit.rlim_cur = FDS_MAX;
    for (unsigned fd = first; fd <= last && fd < limit.rlim_cur; fd++)
        (void)close((int)fd);
}

// Closes all but these, so that no pipe or socket of the test program stays open. Sorts them.
static void keep_only(int *fds, size_t count) {
    unsigned next = STDERR_FILENO + 1;
    for (size_t i = 0; i < count; i++) {
        size_t least = i;
        for (size_t j = i + 1; j < count; j++)
            least = fds[j] < fds[least] ? j : least;
        int fd = fds[least];
        fds[least] = fds[i];
        fds[i] = fd;
        if (fd <= STDERR_FILENO)
            continue;
        if ((unsigned)fd > next)
            close_range_of(next, (unsigned)fd - 1);
        next = (unsigned)fd + 1;
    }
    close_range_of(next, ~0U);
}

// Moves it away from the numbers of the standard streams, which the test program may have closed.
static int move_up(int fd) {
    return fd >= 0 && fd <= STDERR_FILENO ? fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : fd;
}

static void arrange_descriptors(struct testing_launch *launch, struct testing_guard_fds *fds) {
    fds->life = move_up(fds->life);
    fds->control = move_up(fds->control);
    fds->caller = move_up(fds->caller);
    launch->log_fd = move_up(launch->log_fd);
    launch->null_fd = move_up(launch->null_fd);
    launch->parent_fd = move_up(launch->parent_fd);
    launch->boot_id_fd = move_up(launch->boot_id_fd);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        (void)dup2(launch->null_fd, fd);
    int kept[] = {fds->life,       fds->control,      fds->caller,       launch->log_fd,
                  launch->null_fd, launch->parent_fd, launch->boot_id_fd};
    keep_only(kept, ARRAY_COUNT(kept));
}

// --- namespaces ---

static bool write_file(pid_t pid, const char *name, const char *text) {
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t length = strlen(text);
    bool is_written = write(fd, text, length) == (ssize_t)length;
    (void)close(fd);
    return is_written;
}

// All IDs if the test program may map them, else its own one to root.
static bool map_ids(pid_t pid, const struct testing_root *root) {
    if (root->all_users != NULL && write_file(pid, "uid_map", root->all_users))
        return write_file(pid, "gid_map", root->all_groups);
    return write_file(pid, "setgroups", "deny") && write_file(pid, "uid_map", root->own_user) &&
           write_file(pid, "gid_map", root->own_group);
}

static void report(int control_fd, const char *what, int errnum) {
    struct testing_message message = {.kind = TESTING_MESSAGE_NOT_ROOTED};
    testing_launch_describe(message.text, what, errnum);
    testing_launch_send(control_fd, &message, sizeof message);
}

static pid_t fork_keeper(const struct testing_launch *launch, const struct testing_guard_fds *fds) {
    int ends[] = {-1, -1};
    if (launch->root != NULL && pipe2(ends, O_CLOEXEC) != 0) {
        report(fds->control, "create pipe", errno);
        return -1;
    }
    pid_t pid = testing_fork(SIGCHLD | (launch->root != NULL ? NAMESPACES : 0));
    if (pid == 0) {
        (void)close(fds->life);
        (void)close(launch->parent_fd);
        if (ends[1] >= 0)
            (void)close(ends[1]);
        testing_keeper_run(launch, fds->control, ends[0]);
    }
    if (launch->root == NULL)
        return pid;
    if (pid < 0)
        report(fds->control, "create user namespace", errno);
    bool is_mapped = pid > 0 && map_ids(pid, launch->root);
    if (pid > 0 && !is_mapped) {
        report(fds->control, "map users of user namespace", errno);
        (void)kill(pid, SIGKILL);
    }
    (void)close(ends[0]);
    (void)close(ends[1]);
    return pid;
}

// --- waiting ---

static void reset_child_signal(void) {
    const struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t all;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    (void)sigaction(SIGCHLD, &action, NULL); // if it was ignored, there would be nothing to wait for
}

// Until the test program wants the end or has ended. Reaps what has lost its parent.
static void wait_for_end(const struct testing_guard_fds *fds, int signal_fd) {
    struct pollfd watched[] = {{.fd = fds->life, .events = POLLIN},
                               {.fd = fds->caller, .events = POLLIN},
                               {.fd = signal_fd, .events = POLLIN}};
    for (;;) {
        if (poll(watched, ARRAY_COUNT(watched), -1) < 0)
            continue;
        if (watched[0].revents != 0 || watched[1].revents != 0)
            return;
        struct signalfd_siginfo info;
        (void)!read(signal_fd, &info, sizeof info);
        while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
            continue;
    }
}

// By the process that removes it: there is no time at which it would be left behind.
static bool create_directory(const struct testing_launch *launch) {
    (void)umask(S_IRWXG | S_IRWXO);
    return mkdirat(launch->parent_fd, launch->name, S_IRWXU) == 0;
}

static bool is_dismissed(const struct testing_guard_fds *fds) {
    char byte = 0;
    return recv(fds->life, &byte, 1, MSG_DONTWAIT) == 1 && byte == TESTING_GUARD_DISMISS;
}

_Noreturn void testing_guard_run(const struct testing_launch *launch, const struct testing_guard_fds *given) {
    struct testing_launch own = *launch;
    struct testing_guard_fds fds = *given;
    sigset_t child;
    struct testing_greeting greeting = {.pid = getpid()};
    reset_child_signal();
    (void)setsid();
    (void)!chdir("/");
    arrange_descriptors(&own, &fds);
    (void)prctl(PR_SET_NAME, "pebble-guardian", 0UL, 0UL, 0UL);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL);
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    int signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (own.program != NULL)
        (void)fork_keeper(&own, &fds);
    else if (!create_directory(&own))
        greeting.errnum = errno;
    (void)close(fds.control);
    testing_launch_send(fds.life, &greeting, sizeof greeting);
    if (greeting.errnum != 0)
        _exit(1);
    wait_for_end(&fds, signal_fd);
    if (is_dismissed(&fds))
        _exit(0);
    // With a PID namespace the others end with the keeper, which is its first process.
    testing_kill_descendants();
    (void)testing_remove_tree(own.parent_fd, own.name);
    _exit(0);
}

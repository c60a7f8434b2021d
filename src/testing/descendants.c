// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/descendants_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing/entries_internal.h"

#define STAT_BYTES ((size_t)512)

// A decimal number; -1 if there is none, or it is too large.
static pid_t read_number(const char *text) {
    pid_t number = 0;
    if (*text < '0' || *text > '9')
        return -1;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (number > INT32_MAX / 10 - 1)
            return -1;
        number = number * 10 + (*text - '0');
    }
    return number;
}

// `PID (NAME) STATE PARENT ...`, proc(5); the name may contain anything.
pid_t testing_parent_of(const char *stat) {
    const char *after = strrchr(stat, ')');
    if (after == NULL || after[1] != ' ' || after[2] == '\0' || after[3] != ' ')
        return -1;
    return read_number(after + 4);
}

// Whether the entry of /proc is a child of this process.
static bool is_child(int proc_fd, const char *name, pid_t own) {
    char text[STAT_BYTES];
    if (*name < '0' || *name > '9')
        return false;
    int fd = openat(proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int stat_fd = fd >= 0 ? openat(fd, "stat", O_RDONLY | O_CLOEXEC) : -1;
    ssize_t length = stat_fd >= 0 ? read(stat_fd, text, sizeof text - 1) : -1;
    if (stat_fd >= 0)
        (void)close(stat_fd);
    if (fd >= 0)
        (void)close(fd);
    if (length <= 0)
        return false;
    text[length] = '\0';
    return testing_parent_of(text) == own;
}

static void kill_children(int proc_fd) {
    _Alignas(struct testing_entry) char bytes[TESTING_ENTRIES_BYTES];
    pid_t own = getpid();
    long length;
    while ((length = syscall(SYS_getdents64, proc_fd, bytes, sizeof bytes)) > 0) {
        for (long at = 0; at < length;) {
            const struct testing_entry *entry = (const void *)(bytes + at);
            at += entry->length;
            // A child keeps its number until it is reaped.
            if (is_child(proc_fd, entry->name, own))
                (void)kill(read_number(entry->name), SIGKILL);
        }
    }
}

// -1 if it is not there, or has the numbers of another PID namespace, so that the children cannot be found in it.
static int open_proc(void) {
    char number[STAT_BYTES], own[STAT_BYTES];
    ssize_t length = readlink("/proc/self", number, sizeof number);
    int own_length = snprintf(own, sizeof own, "%d", (int)getpid());
    if (length != own_length || memcmp(number, own, (size_t)length) != 0)
        return -1;
    return open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void testing_kill_descendants(void) {
    if (getpid() == 1) {
        (void)kill(-1, SIGKILL); // all others of the namespace
        while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
            continue;
        return;
    }
    int proc_fd = open_proc();
    for (;;) {
        if (proc_fd >= 0) {
            (void)lseek(proc_fd, 0, SEEK_SET);
            kill_children(proc_fd);
        }
        // One at a time: the children of each become ours, and are found above.
        if (waitpid(-1, NULL, proc_fd >= 0 ? __WALL : __WALL | WNOHANG) <= 0 && errno != EINTR)
            break;
    }
    if (proc_fd >= 0)
        (void)close(proc_fd);
}

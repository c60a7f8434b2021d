// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/tree_signal_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

enum {
    STAT_BYTES = 1024,   // more than the 52 numbers of the line need
    CGROUP_BYTES = 8192, // of /proc/PID/cgroup
};

// --- /proc ---

// False if the process has ended.
static bool read_text(int proc_fd, pid_t pid, const char *name, char *text, size_t size) {
    char path[64];
    (void)snprintf(path, sizeof path, "%d/%s", (int)pid, name);
    AUTO_CLOSE int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t length = 0;
    ssize_t got;
    while (length < size - 1 && (got = read(fd, text + length, size - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    return length > 0;
}

// The fields of proc(5) that are used, counted from the one behind the name, which is 0.
enum { FIELD_STATE, FIELD_PARENT, FIELD_GROUP, FIELD_THREADS = 17, FIELD_START = 19, FIELDS };

// False if there are fewer fields, or other ones.
static bool read_numbers(const char *text, uint64_t numbers[FIELDS]) {
    for (int i = FIELD_PARENT; i < FIELDS; i++) {
        char *end;
        numbers[i] = strtoull(text, &end, 10);
        if (end == text)
            return false;
        text = end;
    }
    return true;
}

bool process_stat_parse(const char *text, struct process_stat *stat) {
    // The second field is a name of any characters in brackets.
    const char *rest = strrchr(text, ')');
    uint64_t numbers[FIELDS];
    if (rest == NULL || rest[1] != ' ' || rest[2] == '\0' || !read_numbers(rest + 3, numbers))
        return false;
    char state = rest[2];
    // The first thread of a process may have ended before the others.
    bool is_dead = state == 'X' || (state == 'Z' && numbers[FIELD_THREADS] <= 1);
    *stat = (struct process_stat){.parent = (pid_t)numbers[FIELD_PARENT],
                                  .group = (pid_t)numbers[FIELD_GROUP],
                                  .start = numbers[FIELD_START],
                                  .is_dead = is_dead};
    return true;
}

bool process_stat_read(int proc_fd, pid_t pid, struct process_stat *stat) {
    char text[STAT_BYTES];
    return read_text(proc_fd, pid, "stat", text, sizeof text) && process_stat_parse(text, stat);
}

uint64_t process_start(pid_t pid) {
    struct process_stat stat;
    AUTO_CLOSE int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return proc_fd >= 0 && process_stat_read(proc_fd, pid, &stat) ? stat.start : 0;
}

// --- signals ---

// What a process must be to get the signal.
struct wanted_process {
    pid_t pid;
    uint64_t start;
    const char *cgroup; // NULL: `start` decides
};

static bool is_in_cgroup(int proc_fd, const struct wanted_process *wanted) {
    char text[CGROUP_BYTES];
    if (!read_text(proc_fd, wanted->pid, "cgroup", text, sizeof text))
        return false;
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (text_has_prefix(line, "0::"))
            return text_has_prefix(line + 3, wanted->cgroup) && strchr("/\n", line[3 + strlen(wanted->cgroup)]) != NULL;
    }
    return false;
}

static bool is_wanted(int proc_fd, const struct wanted_process *wanted) {
    struct process_stat stat;
    if (wanted->cgroup != NULL)
        return is_in_cgroup(proc_fd, wanted);
    return process_stat_read(proc_fd, wanted->pid, &stat) && stat.start == wanted->start;
}

static int send_signal(const struct wanted_process *wanted, int signal_number) {
    AUTO_CLOSE int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc_fd < 0)
        return errno;
    AUTO_CLOSE int fd = (int)syscall(SYS_pidfd_open, wanted->pid, 0);
    // EPERM: forbidden by a container's seccomp filter.
    if (fd < 0 && errno != ENOSYS && errno != EPERM)
        return errno;
    if (!is_wanted(proc_fd, wanted))
        return ESRCH;
    long status =
        fd >= 0 ? syscall(SYS_pidfd_send_signal, fd, signal_number, NULL, 0) : kill(wanted->pid, signal_number);
    return status == 0 ? 0 : errno;
}

int tree_signal_process(pid_t pid, uint64_t start, int signal_number) {
    return send_signal(&(const struct wanted_process){.pid = pid, .start = start}, signal_number);
}

int tree_signal_in_cgroup(pid_t pid, const char *cgroup, int signal_number) {
    return send_signal(&(const struct wanted_process){.pid = pid, .cgroup = cgroup}, signal_number);
}

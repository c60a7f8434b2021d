// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/fork_internal.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The order of the parameters differs, but those after the flags are all 0.
pid_t testing_fork(unsigned long flags) {
#if defined(__s390__) || defined(__s390x__)
    return (pid_t)syscall(SYS_clone, 0L, flags, 0L, 0L, 0L);
#else
    return (pid_t)syscall(SYS_clone, flags, 0L, 0L, 0L, 0L);
#endif
}

void testing_fork_report(int fd, int errnum) {
    ssize_t written;
    do
        written = write(fd, &errnum, sizeof errnum);
    while (written < 0 && errno == EINTR);
}

static int read_errno(int fd) {
    int errnum;
    ssize_t length;
    do
        length = read(fd, &errnum, sizeof errnum);
    while (length < 0 && errno == EINTR);
    if (length < 0)
        return errno;
    return length == (ssize_t)sizeof errnum ? errnum : ECANCELED;
}

int testing_fork_await(pid_t pid, int fd) {
    int errnum = read_errno(fd);
    while (waitpid(pid, NULL, (int)__WCLONE) < 0 && errno == EINTR)
        continue;
    return errnum;
}

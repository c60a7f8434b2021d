// SPDX-License-Identifier: GPL-3.0-or-later
// A library for LD_PRELOAD: makes one allocation, or one system call, of a program fail. PEBBLE_FAILURE is
// `allocation NUMBER`, or `system-call NUMBER ERRNO`. PEBBLE_FAILURE_PROGRAM is the path of the program, as it may
// start others. The number of calls is written to the file PEBBLE_FAILURE_COUNT at the end.
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failure.h"

static const char *count_path;

// The errors that calls can have according to their manual pages: others would show only that a call that cannot fail
// is not checked, as in libuv, which ends the program then. `FILE` stands for errors of reading and writing files.
static const struct {
    int errnum;
    const char *names;
} errors[] = {
    {ENOMEM,
     " socket connect open64 openat64 accept4 socketpair epoll_create1 epoll_ctl eventfd pipe2 send sendmsg sendto "
     "recv recvmsg bind setsockopt fstat64 stat64 lstat64 fstatat64 rename renameat renameat2 link mkdir opendir "
     "readlink clone poll pthread_create unlink timer_create "},
    {EMFILE, " socket open64 openat64 accept4 socketpair epoll_create1 eventfd pipe2 dup opendir "},
    {EIO,
     " FILE open64 openat64 fstat64 stat64 lstat64 fstatat64 fsync syncfs rename renameat renameat2 link unlink mkdir "
     "chmod fchmod fchown ftruncate64 pread64 readlink opendir readdir64 "},
    {EINTR, " read write writev recv recvmsg send sendmsg sendto accept4 open64 openat64 poll flock getrandom "},
    {ENOSPC, " FILE open64 openat64 fsync rename renameat renameat2 link mkdir epoll_ctl ftruncate64 "},
    {EPERM, " bind setsockopt chmod fchmod fchown unlink rename link open64 connect sendto setrlimit64 clone "
            "pthread_create "},
};

static bool is_regular(int fd) {
    struct stat status;
    return fd >= 0 && syscall(SYS_fstat, fd, &status) == 0 && S_ISREG(status.st_mode);
}

static bool is_listed(const char *names, const char *name) {
    char word[64];
    (void)snprintf(word, sizeof word, " %s ", name);
    return strstr(names, word) != NULL;
}

static bool can_fail(const char *name, int fd, int errnum) {
    static int pipes;
    // The first pipe is libuv's, which calls abort() if there is none. loop_create() has made sure that there is.
    if (strcmp(name, "pipe2") == 0 && ++pipes == 1)
        return false;
    bool moves_bytes = is_listed(" read write writev ", name);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (errors[i].errnum == errnum)
            return is_listed(errors[i].names, name) ||
                   (moves_bytes && is_listed(errors[i].names, "FILE") && is_regular(fd));
    }
    return false;
}

__attribute__((constructor)) static void begin(void) {
    char program[4096] = "";
    char kind[32];
    long number = 0;
    int errnum = 0;
    const char *wanted = getenv("PEBBLE_FAILURE_PROGRAM");
    const char *failure = getenv("PEBBLE_FAILURE");
    if (wanted == NULL || failure == NULL || readlink("/proc/self/exe", program, sizeof program - 1) < 0 ||
        strcmp(program, wanted) != 0 || sscanf(failure, "%31s %ld %d", kind, &number, &errnum) < 2)
        return;
    count_path = getenv("PEBBLE_FAILURE_COUNT");
    failure_restrict(can_fail);
    failure_begin(strcmp(kind, "allocation") == 0 ? FAILURE_ALLOCATION : FAILURE_SYSTEM_CALL, number, false, errnum);
}

__attribute__((destructor)) static void end(void) {
    long count = failure_count();
    (void)failure_end();
    FILE *file = count_path != NULL ? fopen(count_path, "w") : NULL;
    if (file == NULL)
        return;
    (void)fprintf(file, "%ld\n", count);
    (void)fclose(file);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "failure.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static enum failure_kind wanted;
static pid_t owner; // not the processes that it forks
static atomic_long counted;
static long fails_at;
static bool fails_on;
static int failure_errnum;
static atomic_bool has_failed;
static atomic_long live;
static bool counts_live;
static bool must_be_possible;

void failure_begin(enum failure_kind kind, long number, bool lasts, int errnum) {
    wanted = kind;
    owner = getpid();
    counted = 0;
    fails_at = number;
    fails_on = lasts;
    failure_errnum = errnum;
    has_failed = false;
    live = 0;
    counts_live = true;
}

void failure_must_be_possible(void) {
    must_be_possible = true;
}

bool failure_end(void) {
    wanted = FAILURE_NONE;
    counts_live = false;
    return has_failed;
}

long failure_count(void) {
    return counted;
}

long failure_live_allocations(void) {
    return live;
}

unsigned failure_open_descriptors(void) {
    unsigned count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory != NULL && readdir(directory) != NULL)
        count++;
    if (directory != NULL)
        (void)closedir(directory);
    return count;
}

// Calls of other threads count, too; their order may differ between runs.
static bool fails(enum failure_kind kind) {
    if (wanted != kind || getpid() != owner)
        return false;
    long number = ++counted;
    if (number != fails_at && !(fails_on && number > fails_at))
        return false;
    has_failed = true;
    errno = kind == FAILURE_ALLOCATION ? ENOMEM : failure_errnum;
    return true;
}

// --- allocations ---

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void __libc_free(void *memory);

static void *counted_memory(void *memory) {
    if (counts_live && memory != NULL)
        live++;
    return memory;
}

void *malloc(size_t size) {
    return fails(FAILURE_ALLOCATION) ? NULL : counted_memory(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    return fails(FAILURE_ALLOCATION) ? NULL : counted_memory(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size) {
    if (fails(FAILURE_ALLOCATION))
        return NULL;
    void *moved = __libc_realloc(memory, size);
    if (memory == NULL)
        return counted_memory(moved);
    return moved;
}

void *reallocarray(void *memory, size_t count, size_t size) {
    if (size > 0 && count > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(memory, count * size);
}

void free(void *memory) {
    if (counts_live && memory != NULL)
        live--;
    __libc_free(memory);
}

// --- system calls ---

// The function of libc, for a pointer to a function of its type.
static void find_next(void *pointer, const char *name) {
    *(void **)pointer = dlsym(RTLD_NEXT, name);
}

int socket(int domain, int type, int protocol) {
    int (*next)(int domain, int type, int protocol);
    find_next(&next, "socket");
    return fails(FAILURE_SYSTEM_CALL) ? -1 : next(domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t length) {
    int (*next)(int fd, const struct sockaddr *address, socklen_t length);
    find_next(&next, "connect");
    return fails(FAILURE_SYSTEM_CALL) ? -1 : next(fd, address, length);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    ssize_t (*next)(int fd, const void *bytes, size_t length, int flags);
    find_next(&next, "send");
    return fails(FAILURE_SYSTEM_CALL) ? -1 : next(fd, bytes, length, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    ssize_t (*next)(int fd, const struct msghdr *message, int flags);
    find_next(&next, "sendmsg");
    return fails(FAILURE_SYSTEM_CALL) ? -1 : next(fd, message, flags);
}

ssize_t recv(int fd, void *bytes, size_t length, int flags) {
    ssize_t (*next)(int fd, void *bytes, size_t length, int flags);
    find_next(&next, "recv");
    return fails(FAILURE_SYSTEM_CALL) ? -1 : next(fd, bytes, length, flags);
}

int socketpair(int domain, int type, int protocol, int fds[2]) {
    int (*next)(int domain, int type, int protocol, int fds[2]);
    find_next(&next, "socketpair");
    return fails(FAILURE_SYSTEM_CALL) ? -1 : next(domain, type, protocol, fds);
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    int (*next)(int fd, struct sockaddr *address, socklen_t *length, int flags);
    find_next(&next, "accept4");
    return fails(FAILURE_SYSTEM_CALL) ? -1 : next(fd, address, length, flags);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
    int (*next)(pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]);
    find_next(&next, "posix_spawn");
    return fails(FAILURE_SYSTEM_CALL) ? errno : next(pid, path, actions, attributes, arguments, environment);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *length) {
    int (*next)(int fd, int level, int name, void *value, socklen_t *length);
    find_next(&next, "getsockopt");
    return fails(FAILURE_SYSTEM_CALL) ? -1 : next(fd, level, name, value, length);
}

static bool can_fail_to_read(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISSOCK(status.st_mode));
}

ssize_t read(int fd, void *bytes, size_t length) {
    ssize_t (*next)(int fd, void *bytes, size_t length);
    find_next(&next, "read");
    bool may_fail = !must_be_possible || can_fail_to_read(fd);
    return may_fail && fails(FAILURE_SYSTEM_CALL) ? -1 : next(fd, bytes, length);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    ssize_t (*next)(int fd, const void *bytes, size_t length);
    find_next(&next, "write");
    return fails(FAILURE_SYSTEM_CALL) ? -1 : next(fd, bytes, length);
}

int poll(struct pollfd *watched, nfds_t count, int timeout_ms) {
    int (*next)(struct pollfd * watched, nfds_t count, int timeout_ms);
    find_next(&next, "poll");
    return fails(FAILURE_SYSTEM_CALL) ? -1 : next(watched, count, timeout_ms);
}

int epoll_create1(int flags) {
    int (*next)(int flags);
    find_next(&next, "epoll_create1");
    return fails(FAILURE_SYSTEM_CALL) ? -1 : next(flags);
}

int epoll_ctl(int epoll_fd, int operation, int fd, struct epoll_event *event) {
    int (*next)(int epoll_fd, int operation, int fd, struct epoll_event *event);
    find_next(&next, "epoll_ctl");
    bool may_fail = !must_be_possible || operation == EPOLL_CTL_ADD;
    if (!may_fail || !fails(FAILURE_SYSTEM_CALL))
        return next(epoll_fd, operation, fd, event);
    if (must_be_possible)
        errno = ENOMEM;
    return -1;
}

int eventfd(unsigned int value, int flags) {
    int (*next)(unsigned int value, int flags);
    find_next(&next, "eventfd");
    return fails(FAILURE_SYSTEM_CALL) ? -1 : next(value, flags);
}

int pipe2(int fds[2], int flags) {
    int (*next)(int fds[2], int flags);
    find_next(&next, "pipe2");
    return fails(FAILURE_SYSTEM_CALL) ? -1 : next(fds, flags);
}

int dup(int fd) {
    int (*next)(int fd);
    find_next(&next, "dup");
    return fails(FAILURE_SYSTEM_CALL) ? -1 : next(fd);
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    bool has_mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
    mode_t mode = has_mode ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return fails(FAILURE_SYSTEM_CALL) ? -1 : openat(AT_FDCWD, path, flags, mode);
}

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
static failure_can_fail_fn can_fail; // NULL: every call
static atomic_long live;
static bool counts_live;

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
static bool is_due(enum failure_kind kind) {
    if (wanted != kind || getpid() != owner)
        return false;
    long number = ++counted;
    if (number != fails_at && !(fails_on && number > fails_at))
        return false;
    has_failed = true;
    errno = kind == FAILURE_ALLOCATION ? ENOMEM : failure_errnum;
    return true;
}

bool failure_is_due(const char *name, int fd) {
    if (can_fail != NULL && wanted == FAILURE_SYSTEM_CALL && !can_fail(name, fd, failure_errnum))
        return false;
    return is_due(FAILURE_SYSTEM_CALL);
}

void failure_restrict(failure_can_fail_fn can) {
    can_fail = can;
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
    return is_due(FAILURE_ALLOCATION) ? NULL : counted_memory(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    return is_due(FAILURE_ALLOCATION) ? NULL : counted_memory(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size) {
    if (is_due(FAILURE_ALLOCATION))
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

void failure_find_next(void *pointer, const char *name) {
    void **function = pointer;
    if (*function == NULL)
        *function = dlsym(RTLD_NEXT, name);
}

int socket(int domain, int type, int protocol) {
    static int (*next)(int domain, int type, int protocol);
    failure_find_next(&next, "socket");
    return failure_is_due("socket", -1) ? -1 : next(domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t length) {
    static int (*next)(int fd, const struct sockaddr *address, socklen_t length);
    failure_find_next(&next, "connect");
    return failure_is_due("connect", fd) ? -1 : next(fd, address, length);
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    static ssize_t (*next)(int fd, const void *bytes, size_t length, int flags);
    failure_find_next(&next, "send");
    return failure_is_due("send", fd) ? -1 : next(fd, bytes, length, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    static ssize_t (*next)(int fd, const struct msghdr *message, int flags);
    failure_find_next(&next, "sendmsg");
    return failure_is_due("sendmsg", fd) ? -1 : next(fd, message, flags);
}

ssize_t recv(int fd, void *bytes, size_t length, int flags) {
    static ssize_t (*next)(int fd, void *bytes, size_t length, int flags);
    failure_find_next(&next, "recv");
    return failure_is_due("recv", fd) ? -1 : next(fd, bytes, length, flags);
}

int socketpair(int domain, int type, int protocol, int fds[2]) {
    static int (*next)(int domain, int type, int protocol, int fds[2]);
    failure_find_next(&next, "socketpair");
    return failure_is_due("socketpair", -1) ? -1 : next(domain, type, protocol, fds);
}

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    static int (*next)(int fd, struct sockaddr *address, socklen_t *length, int flags);
    failure_find_next(&next, "accept4");
    return failure_is_due("accept4", fd) ? -1 : next(fd, address, length, flags);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
    static int (*next)(pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]);
    failure_find_next(&next, "posix_spawn");
    return failure_is_due("posix_spawn", -1) ? errno : next(pid, path, actions, attributes, arguments, environment);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *length) {
    static int (*next)(int fd, int level, int name, void *value, socklen_t *length);
    failure_find_next(&next, "getsockopt");
    return failure_is_due("getsockopt", fd) ? -1 : next(fd, level, name, value, length);
}

ssize_t read(int fd, void *bytes, size_t length) {
    static ssize_t (*next)(int fd, void *bytes, size_t length);
    failure_find_next(&next, "read");
    return failure_is_due("read", fd) ? -1 : next(fd, bytes, length);
}

ssize_t write(int fd, const void *bytes, size_t length) {
    static ssize_t (*next)(int fd, const void *bytes, size_t length);
    failure_find_next(&next, "write");
    return failure_is_due("write", fd) ? -1 : next(fd, bytes, length);
}

int poll(struct pollfd *watched, nfds_t count, int timeout_ms) {
    static int (*next)(struct pollfd * watched, nfds_t count, int timeout_ms);
    failure_find_next(&next, "poll");
    return failure_is_due("poll", -1) ? -1 : next(watched, count, timeout_ms);
}

int epoll_create1(int flags) {
    static int (*next)(int flags);
    failure_find_next(&next, "epoll_create1");
    return failure_is_due("epoll_create1", -1) ? -1 : next(flags);
}

int epoll_ctl(int epoll_fd, int operation, int fd, struct epoll_event *event) {
    static int (*next)(int epoll_fd, int operation, int fd, struct epoll_event *event);
    failure_find_next(&next, "epoll_ctl");
    int code = next(epoll_fd, operation, fd, event);
    // Only a descriptor that is not there yet needs memory.
    if (code != 0 || operation != EPOLL_CTL_ADD || !failure_is_due("epoll_ctl", -1))
        return code;
    int errnum = errno;
    (void)next(epoll_fd, EPOLL_CTL_DEL, fd, event);
    errno = errnum;
    return -1;
}

int eventfd(unsigned int value, int flags) {
    static int (*next)(unsigned int value, int flags);
    failure_find_next(&next, "eventfd");
    return failure_is_due("eventfd", -1) ? -1 : next(value, flags);
}

int pipe2(int fds[2], int flags) {
    static int (*next)(int fds[2], int flags);
    failure_find_next(&next, "pipe2");
    return failure_is_due("pipe2", -1) ? -1 : next(fds, flags);
}

int dup(int fd) {
    static int (*next)(int fd);
    failure_find_next(&next, "dup");
    return failure_is_due("dup", fd) ? -1 : next(fd);
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    bool has_mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
    mode_t mode = has_mode ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return failure_is_due("open", -1) ? -1 : openat(AT_FDCWD, path, flags, mode);
}

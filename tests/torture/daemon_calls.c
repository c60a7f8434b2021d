// SPDX-License-Identifier: GPL-3.0-or-later
// Declared in failure.h: the system calls that only the daemon makes. Their names are those of a program that is built
// with 64-bit offsets of files.
#include "failure.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// --- files ---

static bool takes_mode(int flags) {
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

int open64(const char *path, int flags, ...) {
    static int (*next)(const char *path, int flags, ...);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = takes_mode(flags) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    failure_find_next(&next, "open64");
    return failure_is_due("open64", -1) ? -1 : next(path, flags, mode);
}

int openat64(int fd, const char *path, int flags, ...) {
    static int (*next)(int fd, const char *path, int flags, ...);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = takes_mode(flags) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    failure_find_next(&next, "openat64");
    return failure_is_due("openat64", fd) ? -1 : next(fd, path, flags, mode);
}

int fcntl64(int fd, int operation, ...) {
    static int (*next)(int fd, int operation, ...);
    va_list arguments;
    va_start(arguments, operation);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    failure_find_next(&next, "fcntl64");
    return failure_is_due("fcntl64", fd) ? -1 : next(fd, operation, argument);
}

int ioctl(int fd, unsigned long operation, ...) {
    static int (*next)(int fd, unsigned long operation, ...);
    va_list arguments;
    va_start(arguments, operation);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    failure_find_next(&next, "ioctl");
    return failure_is_due("ioctl", fd) ? -1 : next(fd, operation, argument);
}

int fstat64(int fd, struct stat64 *status) {
    static int (*next)(int fd, struct stat64 *status);
    failure_find_next(&next, "fstat64");
    return failure_is_due("fstat64", fd) ? -1 : next(fd, status);
}

int stat64(const char *path, struct stat64 *status) {
    static int (*next)(const char *path, struct stat64 *status);
    failure_find_next(&next, "stat64");
    return failure_is_due("stat64", -1) ? -1 : next(path, status);
}

int lstat64(const char *path, struct stat64 *status) {
    static int (*next)(const char *path, struct stat64 *status);
    failure_find_next(&next, "lstat64");
    return failure_is_due("lstat64", -1) ? -1 : next(path, status);
}

int fstatat64(int fd, const char *path, struct stat64 *status, int flags) {
    static int (*next)(int fd, const char *path, struct stat64 *status, int flags);
    failure_find_next(&next, "fstatat64");
    return failure_is_due("fstatat64", fd) ? -1 : next(fd, path, status, flags);
}

int fsync(int fd) {
    static int (*next)(int fd);
    failure_find_next(&next, "fsync");
    return failure_is_due("fsync", fd) ? -1 : next(fd);
}

int syncfs(int fd) {
    static int (*next)(int fd);
    failure_find_next(&next, "syncfs");
    return failure_is_due("syncfs", fd) ? -1 : next(fd);
}

int rename(const char *from, const char *to) {
    static int (*next)(const char *from, const char *to);
    failure_find_next(&next, "rename");
    return failure_is_due("rename", -1) ? -1 : next(from, to);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to) {
    static int (*next)(int from_fd, const char *from, int to_fd, const char *to);
    failure_find_next(&next, "renameat");
    return failure_is_due("renameat", -1) ? -1 : next(from_fd, from, to_fd, to);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) {
    static int (*next)(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
    failure_find_next(&next, "renameat2");
    return failure_is_due("renameat2", -1) ? -1 : next(from_fd, from, to_fd, to, flags);
}

int link(const char *from, const char *to) {
    static int (*next)(const char *from, const char *to);
    failure_find_next(&next, "link");
    return failure_is_due("link", -1) ? -1 : next(from, to);
}

int unlink(const char *path) {
    static int (*next)(const char *path);
    failure_find_next(&next, "unlink");
    return failure_is_due("unlink", -1) ? -1 : next(path);
}

int mkdir(const char *path, mode_t mode) {
    static int (*next)(const char *path, mode_t mode);
    failure_find_next(&next, "mkdir");
    return failure_is_due("mkdir", -1) ? -1 : next(path, mode);
}

int chmod(const char *path, mode_t mode) {
    static int (*next)(const char *path, mode_t mode);
    failure_find_next(&next, "chmod");
    return failure_is_due("chmod", -1) ? -1 : next(path, mode);
}

int fchmod(int fd, mode_t mode) {
    static int (*next)(int fd, mode_t mode);
    failure_find_next(&next, "fchmod");
    return failure_is_due("fchmod", fd) ? -1 : next(fd, mode);
}

int fchown(int fd, uid_t uid, gid_t gid) {
    static int (*next)(int fd, uid_t uid, gid_t gid);
    failure_find_next(&next, "fchown");
    return failure_is_due("fchown", fd) ? -1 : next(fd, uid, gid);
}

int ftruncate64(int fd, off64_t length) {
    static int (*next)(int fd, off64_t length);
    failure_find_next(&next, "ftruncate64");
    return failure_is_due("ftruncate64", fd) ? -1 : next(fd, length);
}

int flock(int fd, int operation) {
    static int (*next)(int fd, int operation);
    failure_find_next(&next, "flock");
    return failure_is_due("flock", fd) ? -1 : next(fd, operation);
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t position) {
    static ssize_t (*next)(int fd, void *bytes, size_t length, off64_t position);
    failure_find_next(&next, "pread64");
    return failure_is_due("pread64", fd) ? -1 : next(fd, bytes, length, position);
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
    static ssize_t (*next)(int fd, const struct iovec *pieces, int count);
    failure_find_next(&next, "writev");
    return failure_is_due("writev", fd) ? -1 : next(fd, pieces, count);
}

ssize_t readlink(const char *path, char *target, size_t size) {
    static ssize_t (*next)(const char *path, char *target, size_t size);
    failure_find_next(&next, "readlink");
    return failure_is_due("readlink", -1) ? -1 : next(path, target, size);
}

DIR *opendir(const char *path) {
    static DIR *(*next)(const char *path);
    failure_find_next(&next, "opendir");
    return failure_is_due("opendir", -1) ? NULL : next(path);
}

DIR *fdopendir(int fd) {
    static DIR *(*next)(int fd);
    failure_find_next(&next, "fdopendir");
    return failure_is_due("fdopendir", fd) ? NULL : next(fd);
}

struct dirent64 *readdir64(DIR *directory) {
    static struct dirent64 *(*next)(DIR * directory);
    failure_find_next(&next, "readdir64");
    return failure_is_due("readdir64", -1) ? NULL : next(directory);
}

// --- sockets ---

int bind(int fd, const struct sockaddr *address, socklen_t length) {
    static int (*next)(int fd, const struct sockaddr *address, socklen_t length);
    failure_find_next(&next, "bind");
    return failure_is_due("bind", fd) ? -1 : next(fd, address, length);
}

int listen(int fd, int backlog) {
    static int (*next)(int fd, int backlog);
    failure_find_next(&next, "listen");
    return failure_is_due("listen", fd) ? -1 : next(fd, backlog);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
    static int (*next)(int fd, int level, int name, const void *value, socklen_t length);
    failure_find_next(&next, "setsockopt");
    return failure_is_due("setsockopt", fd) ? -1 : next(fd, level, name, value, length);
}

int getsockname(int fd, struct sockaddr *address, socklen_t *length) {
    static int (*next)(int fd, struct sockaddr *address, socklen_t *length);
    failure_find_next(&next, "getsockname");
    return failure_is_due("getsockname", fd) ? -1 : next(fd, address, length);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    static ssize_t (*next)(int fd, struct msghdr *message, int flags);
    failure_find_next(&next, "recvmsg");
    return failure_is_due("recvmsg", fd) ? -1 : next(fd, message, flags);
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *address,
               socklen_t address_length) {
    static ssize_t (*next)(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *address,
                           socklen_t address_length);
    failure_find_next(&next, "sendto");
    return failure_is_due("sendto", fd) ? -1 : next(fd, bytes, length, flags, address, address_length);
}

// --- processes ---

int dup3(int fd, int number, int flags) {
    static int (*next)(int fd, int number, int flags);
    failure_find_next(&next, "dup3");
    return failure_is_due("dup3", fd) ? -1 : next(fd, number, flags);
}

int getrlimit64(__rlimit_resource_t resource, struct rlimit64 *limit) {
    static int (*next)(__rlimit_resource_t resource, struct rlimit64 * limit);
    failure_find_next(&next, "getrlimit64");
    return failure_is_due("getrlimit64", -1) ? -1 : next(resource, limit);
}

int setrlimit64(__rlimit_resource_t resource, const struct rlimit64 *limit) {
    static int (*next)(__rlimit_resource_t resource, const struct rlimit64 *limit);
    failure_find_next(&next, "setrlimit64");
    return failure_is_due("setrlimit64", -1) ? -1 : next(resource, limit);
}

int timer_create(clockid_t clock, struct sigevent *event, timer_t *timer) {
    static int (*next)(clockid_t clock, struct sigevent * event, timer_t * timer);
    failure_find_next(&next, "timer_create");
    return failure_is_due("timer_create", -1) ? -1 : next(clock, event, timer);
}

ssize_t getrandom(void *bytes, size_t length, unsigned flags) {
    static ssize_t (*next)(void *bytes, size_t length, unsigned flags);
    failure_find_next(&next, "getrandom");
    return failure_is_due("getrandom", -1) ? -1 : next(bytes, length, flags);
}

int kill(pid_t pid, int signal_number) {
    static int (*next)(pid_t pid, int signal_number);
    failure_find_next(&next, "kill");
    return failure_is_due("kill", -1) ? -1 : next(pid, signal_number);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *data), void *data) {
    static int (*next)(pthread_t * thread, const pthread_attr_t *attributes, void *(*start)(void *data), void *data);
    failure_find_next(&next, "pthread_create");
    return failure_is_due("pthread_create", -1) ? EAGAIN : next(thread, attributes, start, data);
}

// The daemon gives the place of the PID, and no more of the optional arguments.
int clone(int (*start)(void *data), void *stack, int flags, void *data, ...) {
    static int (*next)(int (*start)(void *data), void *stack, int flags, void *data, ...);
    va_list arguments;
    va_start(arguments, data);
    pid_t *pid = va_arg(arguments, pid_t *);
    va_end(arguments);
    failure_find_next(&next, "clone");
    return failure_is_due("clone", -1) ? -1 : next(start, stack, flags, data, pid);
}

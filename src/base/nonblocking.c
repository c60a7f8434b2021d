// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/nonblocking.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

static int reopen(int fd) {
    char path[32];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

void nonblocking_output_init(struct nonblocking_output *output, int fd) {
    struct stat status;
    *output = (struct nonblocking_output){.fd = fd, .method = NONBLOCKING_POLLED};
    if (fstat(fd, &status) != 0)
        return;
    if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)) {
        output->method = NONBLOCKING_FILE;
    } else if (S_ISSOCK(status.st_mode)) {
        output->method = NONBLOCKING_SOCKET;
    } else {
        int own_fd = reopen(fd);
        if (own_fd < 0)
            return;
        output->fd = own_fd;
        output->method = NONBLOCKING_REOPENED;
    }
}

void nonblocking_output_finish(struct nonblocking_output *output) {
    if (output->method == NONBLOCKING_REOPENED)
        file_close_at(&output->fd);
    *output = (struct nonblocking_output){.fd = -1, .method = NONBLOCKING_FILE};
}

static ssize_t write_polled(int fd, const char *data, size_t length) {
    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    if (poll(&writable, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(fd, data, length < PIPE_BUF ? length : PIPE_BUF);
}

static ssize_t write_once(const struct nonblocking_output *output, const char *data, size_t length) {
    switch (output->method) {
    case NONBLOCKING_SOCKET:
        return send(output->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    case NONBLOCKING_POLLED:
        return write_polled(output->fd, data, length);
    case NONBLOCKING_REOPENED:
    case NONBLOCKING_FILE:
        break;
    }
    return write(output->fd, data, length);
}

ssize_t nonblocking_write(const struct nonblocking_output *output, const char *data, size_t length) {
    ssize_t count;
    do
        count = write_once(output, data, length);
    while (count < 0 && errno == EINTR);
    return count;
}

// A write to a pipe without a reader raises SIGPIPE in this thread, where it is blocked and accepted.
ssize_t nonblocking_write_quietly(const struct nonblocking_output *output, const char *data, size_t length) {
    sigset_t pipe_signal, old, pending;
    if (output->method == NONBLOCKING_SOCKET || output->method == NONBLOCKING_FILE)
        return nonblocking_write(output, data, length);
    (void)sigemptyset(&pipe_signal);
    (void)sigaddset(&pipe_signal, SIGPIPE);
    (void)sigpending(&pending);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_signal, &old);
    ssize_t count = nonblocking_write(output, data, length);
    int errnum = errno;
    if (count < 0 && errnum == EPIPE && sigismember(&pending, SIGPIPE) == 0)
        (void)sigtimedwait(&pipe_signal, NULL, &(const struct timespec){0});
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = errnum;
    return count;
}

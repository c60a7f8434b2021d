// SPDX-License-Identifier: GPL-3.0-or-later
// Sockets, and pipes or terminals. Declared in net/stream_internal.h.
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compiler.h"
#include "net/stream_internal.h"

// --- sockets ---

static ssize_t socket_read(void *state UNUSED, int fd, void *bytes, size_t length) {
    return recv(fd, bytes, length, MSG_DONTWAIT);
}

static ssize_t socket_write(void *state UNUSED, int fd, const struct iovec *pieces, size_t count) {
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces, .msg_iovlen = count};
    return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void socket_shut_down(void *state UNUSED, int fd) {
    (void)shutdown(fd, SHUT_WR);
}

const struct stream_transport stream_socket_transport = {
    .read = socket_read,
    .write = socket_write,
    .shut_down = socket_shut_down,
};

// --- pipes and terminals ---

static ssize_t file_read(void *state UNUSED, int fd, void *bytes, size_t length) {
    ssize_t got = read(fd, bytes, length);
    // A terminal's end when nobody has its other side open any more (tty_ioctl(4), pty(7)).
    return got < 0 && errno == EIO ? 0 : got;
}

static ssize_t file_write(void *state UNUSED, int fd, const struct iovec *pieces, size_t count) {
    return writev(fd, pieces, (int)count);
}

// Only closing them ends a pipe or a terminal.
static void file_shut_down(void *state UNUSED, int fd UNUSED) {
}

const struct stream_transport stream_file_transport = {
    .read = file_read,
    .write = file_write,
    .shut_down = file_shut_down,
};

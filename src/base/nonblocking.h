// SPDX-License-Identifier: LGPL-3.0-or-later
// Writes that do not block, to a descriptor whose flags cannot be changed, because its file description is shared with
// other processes. The descriptor is reopened through /proc/self/fd; if that fails, sockets use MSG_DONTWAIT, and
// others poll() and writes of at most PIPE_BUF bytes.
#pragma once

#include <stddef.h>
#include <sys/types.h>

enum nonblocking_method {
    NONBLOCKING_FILE,     // none: files and block devices do not block, and a description of its own has its own offset
    NONBLOCKING_REOPENED, // a separate file description
    NONBLOCKING_SOCKET,   // MSG_DONTWAIT
    NONBLOCKING_POLLED,   // poll() and small writes; another writer may still fill the pipe in between
};

struct nonblocking_output {
    int fd; // to write to, and to poll for room: the caller's, or its own with NONBLOCKING_REOPENED
    enum nonblocking_method method;
};
void nonblocking_output_init(struct nonblocking_output *output, int fd); // `fd` is borrowed
void nonblocking_output_finish(struct nonblocking_output *output);       // fine for one that is all zero
// As write(): EAGAIN if nothing can be written without blocking. Retries on EINTR. No SIGPIPE from sockets only.
ssize_t nonblocking_write(const struct nonblocking_output *output, const char *data, size_t length);
// As above, and no SIGPIPE from pipes either. The signal mask of the thread is the same afterwards.
ssize_t nonblocking_write_quietly(const struct nonblocking_output *output, const char *data, size_t length);

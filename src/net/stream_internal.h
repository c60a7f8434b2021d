// SPDX-License-Identifier: GPL-3.0-or-later
// Private to net/: transports, which move the bytes of a stream to and from its descriptor.
#pragma once

#include "net/stream.h"

#include <sys/types.h>

// Functions for one kind of descriptor; none of them blocks. `state` is private to the transport and may be NULL.
struct stream_transport {
    // Like recv(2): 0 at the end, -1 with errno; EAGAIN if there is nothing to read.
    ssize_t (*read)(void *state, int fd, void *bytes, size_t length);
    // Like writev(2).
    ssize_t (*write)(void *state, int fd, const struct iovec *pieces, size_t count);
    // Shuts down the sending side.
    void (*shut_down)(void *state, int fd);
    void (*destroy)(void *state); // NULL: nothing to free
};

extern const struct stream_transport stream_socket_transport;
extern const struct stream_transport stream_file_transport;

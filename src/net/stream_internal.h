// SPDX-License-Identifier: GPL-3.0-or-later
// Private to net/: how a stream's bytes get to and from its descriptor.
#pragma once

#include "net/stream.h"

#include <sys/types.h>

// Functions for one kind of descriptor, none of which blocks. `state` is the transport's own, NULL if it has none.
struct stream_transport {
    // As recv(2): 0 at the end, -1 with errno; EAGAIN when there is nothing.
    ssize_t (*read)(void *state, int fd, void *bytes, size_t length);
    // As writev(2).
    ssize_t (*write)(void *state, int fd, const struct iovec *pieces, size_t count);
    // Tells the peer that no more is written.
    void (*shut_down)(void *state, int fd);
    void (*destroy)(void *state); // NULL: nothing to free
};

extern const struct stream_transport stream_socket_transport;
extern const struct stream_transport stream_file_transport;

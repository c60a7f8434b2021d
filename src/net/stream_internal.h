// SPDX-License-Identifier: GPL-3.0-or-later
// Private to net/: transports, which move the bytes of a stream to and from its descriptor.
#pragma once

#include "net/stream.h"

#include <errno.h>
#include <sys/types.h>

// Functions for one kind of descriptor; none of them blocks. `state` is private to the transport and may be NULL.
struct stream_transport {
    // Like recv(2): 0 at the end, -1 with errno; EAGAIN if there is nothing to read. If fewer bytes than `length` are
    // returned, none is left in the transport. Output that reading makes, such as a message of a handshake, is held.
    ssize_t (*read)(void *state, int fd, void *bytes, size_t length);
    // Like writev(2).
    ssize_t (*write)(void *state, int fd, const struct iovec *pieces, size_t count);
    // Shuts down the sending side.
    void (*shut_down)(void *state, int fd);

    // Those below are NULL in transports without a state of their own.

    void (*destroy)(void *state);
    // Sends bytes that the transport holds. Returns -1 with errno if the descriptor is broken.
    int (*flush)(void *state, int fd);
    size_t (*held_output)(const void *state);   // bytes that flush() has to send
    size_t (*held_bytes)(const void *state);    // memory for these, and for bytes that were not read
    bool (*has_input)(const void *state);       // there may be bytes to read, even if the descriptor has none
    bool (*waits_for_input)(const void *state); // it can write no more until it has read
    // The cause of the last failure of read() or write(); NULL: errno is all there is.
    const struct error *(*failure)(const void *state);
};

// Whether a system call has failed for now only.
static inline bool stream_errnum_is_passing(int errnum) {
    return errnum == EAGAIN || errnum == EWOULDBLOCK || errnum == EINTR;
}

extern const struct stream_transport stream_socket_transport;
extern const struct stream_transport stream_file_transport;
extern const struct stream_transport stream_tls_transport;

// The state of stream_tls_transport. Takes ownership of the engine.
void *stream_tls_create(struct tls_engine *engine) __attribute__((returns_nonnull));
struct tls_engine *stream_tls_engine(void *state);

// SPDX-License-Identifier: GPL-3.0-or-later
// One byte stream over a Unix socket, a TCP connection, a pipe or a terminal: reading that can be paused, a queue of
// bytes to write with a low and a high water mark, half-close, and hand-over to another owner.
#pragma once

#include "base/error.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct stream;
enum stream_kind { STREAM_UNIX, STREAM_TCP, STREAM_FILE }; // STREAM_FILE: a pipe or a terminal

// All are called from the loop, never from within a function of this header. Each may destroy the stream. NULL members
// are fine.
struct stream_handlers {
    void (*on_data)(struct stream *stream, const char *bytes, size_t length, void *data); // borrowed for the call
    // The peer sends no more. Once, after the last on_data.
    void (*on_end)(struct stream *stream, void *data);
    // Queued bytes have gone out, and what is queued is at or below the low-water mark.
    void (*on_drained)(struct stream *stream, void *data);
    // The stream is broken: nothing more is read or written. Once.
    void (*on_failed)(struct stream *stream, const struct error *err, void *data);
};

// Takes the descriptor over. No call blocks, whatever the mode of a socket; a pipe or a terminal is made non-blocking,
// and must not be shared with another process, for which that would count as well. With a descriptor that cannot be
// polled, such as a regular file, the stream breaks when it has to wait. SIGPIPE has to be ignored by the program. Not
// reading at first; without handlers.
struct stream *stream_create(struct loop *loop, int fd, enum stream_kind kind) __attribute__((returns_nonnull));
// At once: closes the descriptor, queued bytes are lost, no handler is called any more. NULL is fine.
void stream_destroy(struct stream *stream);
// Also hands the stream over to another owner: an end or a failure that was reported already is reported to the new
// handlers again, the end when they read.
void stream_set_handlers(struct stream *stream, const struct stream_handlers *handlers, void *data);
// 16 KiB and 64 KiB at first.
void stream_set_water_marks(struct stream *stream, size_t low_bytes, size_t high_bytes);

void stream_read_start(struct stream *stream);
void stream_read_stop(struct stream *stream); // no on_data, no on_end after this returns; bytes stay in the kernel
bool stream_has_unread(const struct stream *stream); // bytes wait in the kernel

// Writes at once as far as possible; the rest is copied and queued. Dropped if the stream is broken or shut down.
// Without memory for the rest the stream breaks.
void stream_write(struct stream *stream, const struct iovec *pieces, size_t count);
size_t stream_queued_bytes(const struct stream *stream); // 0 once it is broken
bool stream_is_full(const struct stream *stream);        // queued at or above the high-water mark
bool stream_is_broken(const struct stream *stream);      // on_failed is due or was called
// Half-close: when all that is queued has gone out, the peer is told that no more comes. Without effect on pipes and
// terminals, which have to be closed for that.
void stream_shut_down(struct stream *stream);

int stream_fd(const struct stream *stream); // borrowed, for peer credentials and addresses

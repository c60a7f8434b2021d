// SPDX-License-Identifier: GPL-3.0-or-later
// A byte stream over a Unix socket, a TCP connection, with or without TLS, a pipe or a terminal. Reading can be paused;
// writes are queued, with a low and a high water mark; the stream can be half-closed and passed to another owner.
#pragma once

#include "base/error.h"
#include "loop/loop.h"
#include "tls/tls_engine.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct stream;
enum stream_kind {
    STREAM_UNIX,
    STREAM_TCP,
    STREAM_TLS,  // a TCP connection, for stream_start_tls()
    STREAM_FILE, // a pipe or a terminal
};

// All functions are called from the loop, never from within a function of this header. Each may destroy the stream.
// Members may be NULL.
struct stream_handlers {
    // Whether to read now. Called before data, an end or a failure is looked for. If it returns false, it must have
    // stopped reading.
    bool (*may_read)(struct stream *stream, void *data);
    // With TLS: the handshake is complete. Called once, before on_data. Must not stop reading: data may have come with
    // the end of the handshake.
    void (*on_established)(struct stream *stream, void *data);
    void (*on_data)(struct stream *stream, const char *bytes, size_t length, void *data); // borrowed for the call
    // A read has brought no data, though it may have taken time: with TLS, for messages of the handshake.
    void (*on_no_data)(struct stream *stream, void *data);
    // The peer has shut down its sending side; with TLS it has sent close_notify. Called once, after the last on_data.
    void (*on_end)(struct stream *stream, void *data);
    // Queued bytes have been written, and at most low-water bytes are left.
    void (*on_drained)(struct stream *stream, void *data);
    // The stream is broken; nothing more is read or written. Called once.
    void (*on_failed)(struct stream *stream, const struct error *err, void *data);
};

// Takes ownership of the descriptor. No call blocks, whatever the mode of a socket. A pipe or terminal is made
// non-blocking, and must not be shared with another process, because the flag is shared too. With a descriptor that
// cannot be polled, such as a regular file, the stream breaks when it has to wait. The program must ignore SIGPIPE.
// Initially the stream is not reading and has no handlers.
struct stream *stream_create(struct loop *loop, int fd, enum stream_kind kind) __attribute__((returns_nonnull));
// Uses TLS from now on, with an engine of either side; takes ownership of the engine. Nothing may be queued, and no
// byte of TLS may have been received. The handshake makes progress while the stream reads; what is written before its
// end is queued. Failures of TLS are reported as ERROR_CONNECTION with the engine's message; one is an end of the
// connection without the close_notify that stream_shut_down() sends.
void stream_start_tls(struct stream *stream, struct tls_engine *engine);
struct tls_engine *stream_tls(const struct stream *stream); // borrowed; NULL without TLS
// The peer of a Unix socket may send descriptors whose close waits, see loop_limit_waits().
void stream_distrust(struct stream *stream);
// Closes the descriptor at once. Queued bytes are lost, and no handler is called. NULL is allowed.
void stream_destroy(struct stream *stream);
// Also used to pass the stream to another owner. An end or failure that has been reported is reported again to the new
// handlers; an end only when they read.
void stream_set_handlers(struct stream *stream, const struct stream_handlers *handlers, void *data);
// The defaults are 16 KiB and 64 KiB.
void stream_set_water_marks(struct stream *stream, size_t low_bytes, size_t high_bytes);

void stream_read_start(struct stream *stream);
// Reads at once, without asking may_read; reading must have been started. Not from within a handler.
void stream_read_now(struct stream *stream);
void stream_set_read_bytes(struct stream *stream, size_t bytes); // at a time; the default, and most, is 64 KiB
void stream_read_stop(struct stream *stream);                    // no on_data or on_end after this returns
bool stream_has_unread(const struct stream *stream);             // there are received bytes

// Writes as much as possible at once; copies and queues the rest. Drops the data if the stream is broken or shut down.
// If there is no memory for the rest, the stream breaks.
void stream_write(struct stream *stream, const struct iovec *pieces, size_t count);
size_t stream_queued_bytes(const struct stream *stream); // 0 if it is broken
size_t stream_held_bytes(const struct stream *stream);   // memory of the queue and of TLS
bool stream_is_full(const struct stream *stream);        // queued at or above the high-water mark
bool stream_is_broken(const struct stream *stream);      // on_failed has been or will be called
// Half-close: shuts down the sending side when all queued bytes have been written, with TLS after a close_notify. No
// effect on pipes and terminals, which must be closed instead.
void stream_shut_down(struct stream *stream);

int stream_fd(const struct stream *stream); // borrowed, for peer credentials and addresses

// SPDX-License-Identifier: GPL-3.0-or-later
// Writes to the daemon's own standard output or error without ever blocking: these may be pipes that
// nobody reads. What cannot be written is kept up to a bound, then dropped and counted, and the count is
// said in a line of its own once there is room again. The inherited descriptor's flags are not touched,
// since others share its file description: a new one is opened through /proc/self/fd where that is
// possible, send() without waiting is used for sockets, and poll() with writes of at most PIPE_BUF else.
#pragma once

#include "loop/loop.h"

#include <stddef.h>

struct output;

// `fd` stays the caller's. `limit_bytes` are kept at most while the reader stalls.
struct output *output_create(struct loop *loop, int fd, size_t limit_bytes) __attribute__((returns_nonnull));
// Writes what can be written at once and frees; NULL is fine.
void output_destroy(struct output *output);
// Whole lines (or any piece that must not be torn): it is written, kept or dropped as one.
void output_write(struct output *output, const char *data, size_t length);
// Tries to write what is kept for at most `timeout_ms`, blocking; for the end of the program.
void output_flush(struct output *output, int timeout_ms);

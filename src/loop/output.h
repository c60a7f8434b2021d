// SPDX-License-Identifier: GPL-3.0-or-later
// Non-blocking writes to the standard output or error of the daemon, which may be a pipe that nothing reads. Lines that
// cannot be written are kept up to a limit, then dropped and counted; the count is reported in a separate line when
// writing is possible again. The flags of the inherited descriptor are not changed, because its file description is
// shared. Instead it is reopened through /proc/self/fd; if that fails, sockets use MSG_DONTWAIT, and others poll() and
// writes of at most PIPE_BUF bytes.
#pragma once

#include "loop/loop.h"

#include <stddef.h>

struct output;

// `fd` remains owned by the caller. At most `limit_bytes` are kept while the reader stalls.
struct output *output_create(struct loop *loop, int fd, size_t limit_bytes) __attribute__((returns_nonnull));
// Writes what is possible without blocking and frees the output. NULL is allowed.
void output_destroy(struct output *output);
// Writes, keeps or drops the data as a whole. Pass complete lines.
void output_write(struct output *output, const char *data, size_t length);
// The same before the loop waits next, together with others; output_write() and the functions below write them first.
void output_write_later(struct output *output, const char *data, size_t length);
// Writes what is kept; blocks for at most `timeout_ms`. For the end of the program.
void output_flush(struct output *output, int timeout_ms);

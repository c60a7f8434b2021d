// SPDX-License-Identifier: GPL-3.0-or-later
// Captures a service's output: reads a pipe into a ring as fast as it comes, without starving the loop
// (a bounded number of bytes a turn), and passes the same bytes on (verbose mode).
#pragma once

#include "logs/ring.h"
#include "loop/loop.h"

struct capture;
// The end of the output: all writers have closed the pipe, or the wait is over. Called once.
typedef void (*capture_end_fn)(struct capture *capture, void *data);
// Gets all output as it arrives, unaltered, before it goes into the ring. May be NULL.
typedef void (*capture_tee_fn)(void *data, const char *bytes, size_t length);

// Takes `fd` (the pipe's reading end, nobody else's) over and makes it non-blocking; on failure it stays the
// caller's. `ring` has to outlive the capture; a new run begins in it.
bool capture_start(struct loop *loop, int fd, struct ring *ring, capture_end_fn on_end, void *data,
                   struct capture **capture, struct error *err) NODISCARD;
void capture_set_tee(struct capture *capture, capture_tee_fn tee, void *data);
// The process has ended: wait at most `limit_ns` for more output, then end all the same. Once on_end was called
// this does nothing.
void capture_expect_end(struct capture *capture, int64_t limit_ns);
// Reads what is in the pipe now and stops, without a callback. NULL is fine; also from on_end.
void capture_destroy(struct capture *capture);

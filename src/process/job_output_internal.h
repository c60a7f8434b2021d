// SPDX-License-Identifier: GPL-3.0-or-later
// Private to process/: reads a job's output (a pipe or a terminal's master) into a sink as fast as it comes, without
// starving the loop (a bounded number of bytes a turn).
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "loop/loop.h"
#include "process/job_sink.h"

#include <stdbool.h>

struct job_output;
// The end of the output: all writers are gone, or the wait for them is over. Once; also from within
// job_output_read() and job_output_finish().
typedef void (*job_output_ended_fn)(struct job_output *output, void *data);

// Takes `fd` (nobody else reads it) over and makes it non-blocking; on failure it stays the caller's. Paused at first.
// A sink without a write function: all is read and dropped.
bool job_output_create(struct loop *loop, int fd, const struct job_sink *sink, job_output_ended_fn on_ended, void *data,
                       struct job_output **output, struct error *err) NODISCARD;
// At once; what is unread is lost. NULL is fine; also from on_ended.
void job_output_destroy(struct job_output *output);
int job_output_fd(const struct job_output *output); // borrowed
void job_output_pause(struct job_output *output);   // also from within the sink
void job_output_resume(struct job_output *output);
void job_output_drop(struct job_output *output); // the sink gets nothing from now on; resumes
// Reads now what is there, as far as a turn's bound and a pause allow.
void job_output_read(struct job_output *output);
// No more is waited for: the output ends where nothing is there to be read. A pause still holds it.
void job_output_finish(struct job_output *output);

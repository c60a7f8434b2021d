// SPDX-License-Identifier: GPL-3.0-or-later
// Private to process/: reads a job's output (a pipe or a terminal's master) into a sink, a bounded number of bytes in
// each turn of the loop.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "loop/loop.h"
#include "process/job_sink.h"

#include <stdbool.h>

struct job_output;
// The output has ended: all writers have closed it, or job_output_finish() was called. Called once; also from within
// job_output_read() and job_output_finish().
typedef void (*job_output_ended_fn)(struct job_output *output, void *data);

// Takes ownership of `fd`, which has no other reader, and makes it non-blocking; on failure the caller keeps it. Paused
// until job_output_resume(). Without a write function in the sink, output is read and dropped.
bool job_output_create(struct loop *loop, int fd, const struct job_sink *sink, job_output_ended_fn on_ended, void *data,
                       struct job_output **output, struct error *err) NODISCARD;
// Unread output is lost. NULL is fine; also from on_ended.
void job_output_destroy(struct job_output *output);
int job_output_fd(const struct job_output *output); // borrowed
void job_output_pause(struct job_output *output);   // also from within the sink
void job_output_resume(struct job_output *output);
void job_output_drop(struct job_output *output); // detaches the sink and resumes
// Reads what is available, up to the bound of a turn, unless paused.
void job_output_read(struct job_output *output);
// Ends the output as soon as nothing is available, and after 1 MiB at the latest. A pause still delays the end.
void job_output_finish(struct job_output *output);

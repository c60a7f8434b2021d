// SPDX-License-Identifier: GPL-3.0-or-later
// The receiver of a job's output.
#pragma once

#include <stddef.h>

#define JOB_TURN_BYTES ((size_t)262144) // default of turn_bytes

struct job_sink {
    // Called from the loop with output as it arrives; `bytes` is borrowed for the call. May pause the output, but must
    // not destroy or abandon the job. NULL: there is no sink.
    void (*write)(void *data, const char *bytes, size_t length);
    // The most bytes to be written in this turn of the loop, above 0. NULL: JOB_TURN_BYTES.
    size_t (*turn_bytes)(void *data);
    void *data;
};

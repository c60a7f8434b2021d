// SPDX-License-Identifier: GPL-3.0-or-later
// Where a job's output goes.
#pragma once

#include <stddef.h>

#define JOB_TURN_BYTES ((size_t)262144) // the usual bound of bytes a turn

struct job_sink {
    // Called from the loop with output as it arrives; `bytes` is borrowed for the call. May pause the output, but not
    // destroy or abandon the job. NULL: there is no sink.
    void (*write)(void *data, const char *bytes, size_t length);
    // How many bytes it takes in this turn of the loop, more than 0. NULL: JOB_TURN_BYTES.
    size_t (*turn_bytes)(void *data);
    void *data;
};

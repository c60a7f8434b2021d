// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: where a service's output goes, its ring, and in verbose mode the daemon's standard output.
#pragma once

#include "logs/ring.h"
#include "process/job_sink.h"

#include <stddef.h>

struct service_output {
    struct ring *ring;
    // Gets all output as it arrives, unaltered, before it goes into the ring. May be NULL.
    void (*tee)(void *data, const char *bytes, size_t length);
    void *tee_data;
};

// For one process: a new run begins in the ring. `output` has to outlive the job.
struct job_sink service_output_begin(struct service_output *output);

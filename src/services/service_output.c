// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_output_internal.h"

#include "base/clock.h"

// Less in a turn, so that followers of the ring see its lines before more of them come than it holds.
#define FOLLOWED_TURN_BYTES ((size_t)32768)

static void write_output(void *data, const char *bytes, size_t length) {
    struct service_output *output = data;
    if (output->tee != NULL)
        output->tee(output->tee_data, bytes, length);
    ring_append(output->ring, bytes, length, clock_wall_ns());
}

static size_t turn_bytes(void *data) {
    struct service_output *output = data;
    return list_is_empty(&ring_grown(output->ring)->listeners) ? JOB_TURN_BYTES : FOLLOWED_TURN_BYTES;
}

struct job_sink service_output_begin(struct service_output *output) {
    ring_begin_run(output->ring);
    return (struct job_sink){.write = write_output, .turn_bytes = turn_bytes, .data = output};
}

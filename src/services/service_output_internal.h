// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: the output of a service.
#pragma once

#include "process/job_sink.h"

struct service;

// Writes to the ring, and in verbose mode to the daemon's output, with time and name before each line.
struct job_sink service_output_sink(struct service *service);
// Adds the last lines of output to the logs of the start tasks, which are about to fail.
void service_add_last_output(const struct service *service);

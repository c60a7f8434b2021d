// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: where a service's output goes, and what of it is shown.
#pragma once

#include "process/job_sink.h"

struct service;
struct task;

// Into the ring, and with a head before each line to the daemon's own output (verbose mode).
struct job_sink service_output_sink(struct service *service);
// Adds the last lines of output to the log of a start task that is about to fail; NULL: none.
void service_add_last_output(const struct service *service, struct task *task);

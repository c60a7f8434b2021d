// SPDX-License-Identifier: GPL-3.0-or-later
// The daemon's launcher: services run as jobs.
#pragma once

#include "process/job.h"
#include "services/service_launcher.h"

// The context outlives the launcher's processes.
struct service_launcher service_job_launcher(struct job_context *context);

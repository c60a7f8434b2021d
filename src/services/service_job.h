// SPDX-License-Identifier: GPL-3.0-or-later
// The launcher of the daemon, which runs services as jobs (process/job.h).
#pragma once

#include "process/job.h"
#include "services/service_launcher.h"

// The context must outlive the launcher's processes.
struct service_launcher service_job_launcher(struct job_context *context);

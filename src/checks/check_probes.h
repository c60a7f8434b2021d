// SPDX-License-Identifier: GPL-3.0-or-later
// The daemon's prober: HTTP requests, TCP connections and commands.
#pragma once

#include "base/descriptors.h"
#include "checks/check_prober.h"
#include "http/http_client.h"
#include "net/connector.h"
#include "process/job.h"

// Borrowed until the check manager is destroyed, like all of its members.
struct probe_context {
    struct http_client *client;
    struct connector *connector;
    struct job_context *jobs;
    // Sockets of probes are taken from this budget, with processes, as those of exec checks are. NULL: unlimited.
    struct descriptor_budget *descriptors;
};

struct check_prober check_probes(struct probe_context *context);

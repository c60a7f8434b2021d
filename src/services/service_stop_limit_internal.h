// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: how long a change that stops services may take.
#pragma once

#include "services/service_internal.h"

// The services of a lane stop one after the other, and a service stops after those that wait for it: the longest chain
// counts, each service in it with its kill-delay and five seconds for SIGKILL to take effect. At least 10.1 s.
int64_t service_stop_limit_ns(const struct service_manager *manager, const struct plan_lanes *lanes);

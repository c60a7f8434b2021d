// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: the tasks of a change, with their lanes and what they wait for.
#pragma once

#include "services/service_internal.h"

struct service_lanes {
    const struct plan_lanes *stop, *start;
    const struct text_list *run; // one-shots that run although they are complete
};

// All starts wait for all stops.
void service_make_tasks(struct service_manager *manager, struct change *change, const struct service_lanes *lanes);

// SPDX-License-Identifier: GPL-3.0-or-later
// The interface to probes of checks that services wait for. They leave no trace in the checks themselves. The daemon
// connects it with checks/; unit tests replace it.
#pragma once

#include "plan/plan.h"

#include <stdbool.h>

struct service_probe; // defined by the prober

// Called from the loop, once unless the probe is cancelled. The probe is freed.
typedef void (*service_probed_fn)(bool has_passed, void *data);

struct service_prober {
    // Starts one run of the check, whose timeout is the caller's to keep. NULL if that is impossible now.
    struct service_probe *(*start)(const struct service_prober *prober, const struct plan *plan,
                                   const struct plan_check *check, service_probed_fn on_probed, void *data);
    void (*cancel)(struct service_probe *probe); // NULL is fine
    void *data;
};

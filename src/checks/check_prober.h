// SPDX-License-Identifier: GPL-3.0-or-later
// The interface between checks and their probes. A probe is one run of a check. The daemon's prober is check_probes.h;
// unit tests replace it.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "plan/plan.h"

#include <stdbool.h>
#include <stdint.h>

struct probe; // defined by the prober

struct probe_spec {
    const struct plan_check *config; // borrowed for the call; the service context is merged into its exec part
    int64_t timeout_ns;              // the check cancels the probe at this time; above 0
};

struct probe_failure {
    const char *message; // "exit status 7"
    const char *details; // the end of the output or the beginning of a response; "" for none
};

// Called from the loop, exactly once unless the probe is cancelled. `failure` is NULL if the probe has passed; borrowed
// for the call. The probe is freed.
typedef void (*probe_done_fn)(const struct probe_failure *failure, void *data);

struct check_prober {
    // Starts a probe. On failure on_done is not called; the error is the result of the probe.
    bool (*start)(const struct check_prober *prober, const struct probe_spec *spec, probe_done_fn on_done, void *data,
                  struct probe **probe, struct error *err);
    // Ends a probe at once: processes are killed, connections closed. on_done is not called. NULL is fine.
    void (*cancel)(struct probe *probe);
    void *data;
};

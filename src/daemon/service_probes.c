// SPDX-License-Identifier: GPL-3.0-or-later
// Probes of checks that services wait for, by the prober of the checks. Declared in daemon/daemon_internal.h.
#include "daemon/daemon_internal.h"

#include <stdlib.h>

#include "base/memory.h"

struct service_probe {
    struct daemon *daemon;
    struct probe *probe;
    service_probed_fn on_probed;
    void *data;
};

static void on_probe_done(const struct probe_failure *failure, void *data) {
    struct service_probe probe = *(struct service_probe *)data;
    free(data);
    probe.on_probed(failure == NULL, probe.data);
}

static bool start_probe(struct service_probe *probe, const struct plan *plan, const struct plan_check *config) {
    struct plan_check *merged = plan_check_with_context(plan, config);
    struct check_prober prober = check_probes(&probe->daemon->probes);
    const struct probe_spec spec = {.config = merged, .timeout_ns = merged->timeout.ns};
    bool is_started = prober.start(&prober, &spec, on_probe_done, probe, &probe->probe, NULL);
    plan_check_destroy(merged);
    return is_started;
}

static struct service_probe *start_service_probe(const struct service_prober *prober, const struct plan *plan,
                                                 const struct plan_check *check, service_probed_fn on_probed,
                                                 void *data) {
    struct service_probe *probe = memory_new(sizeof *probe);
    *probe = (struct service_probe){.daemon = prober->data, .on_probed = on_probed, .data = data};
    if (start_probe(probe, plan, check))
        return probe;
    free(probe);
    return NULL;
}

static void cancel_service_probe(struct service_probe *probe) {
    if (probe == NULL)
        return;
    struct check_prober prober = check_probes(&probe->daemon->probes);
    prober.cancel(probe->probe);
    free(probe);
}

struct service_prober daemon_service_prober(struct daemon *daemon) {
    return (struct service_prober){.start = start_service_probe, .cancel = cancel_service_probe, .data = daemon};
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "checks/check_probes.h"

#include "checks/probe_internal.h"

static bool start_probe(const struct check_prober *prober, const struct probe_spec *spec, probe_done_fn on_done,
                        void *data, struct probe **out, struct error *err) {
    struct probe *probe;
    if (spec->config->http != NULL)
        probe = probe_http_start(prober->data, spec, err);
    else if (spec->config->tcp != NULL)
        probe = probe_tcp_start(prober->data, spec, err);
    else
        probe = probe_exec_start(prober->data, spec, err);
    if (probe == NULL)
        return false;
    probe->on_done = on_done;
    probe->data = data;
    *out = probe;
    return true;
}

static void cancel_probe(struct probe *probe) {
    if (probe != NULL)
        probe->cancel(probe);
}

struct check_prober check_probes(struct probe_context *context) {
    return (struct check_prober){.start = start_probe, .cancel = cancel_probe, .data = context};
}

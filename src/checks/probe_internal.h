// SPDX-License-Identifier: GPL-3.0-or-later
// Private to checks/: the kinds of probes.
#pragma once

#include "checks/check_probes.h"

struct probe { // first member of each kind's structure
    void (*cancel)(struct probe *probe);
    probe_done_fn on_done;
    void *data;
};

// Takes the descriptor of a probe's socket from the budget: `dial tcp: socket: too many open files`.
bool probe_take_socket(struct probe_context *context, struct error *err) NODISCARD;
void probe_give_back_socket(struct probe_context *context);

// Each starts a probe of its kind, whose part of the configuration is set, and returns it. The caller sets on_done and
// data before it returns to the loop. NULL on failure.
struct probe *probe_http_start(struct probe_context *context, const struct probe_spec *spec, struct error *err);
struct probe *probe_tcp_start(struct probe_context *context, const struct probe_spec *spec, struct error *err);
struct probe *probe_exec_start(struct probe_context *context, const struct probe_spec *spec, struct error *err);

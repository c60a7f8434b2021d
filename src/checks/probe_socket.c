// SPDX-License-Identifier: GPL-3.0-or-later
// The descriptor budget of probes. Declared in checks/probe_internal.h.
#include "checks/probe_internal.h"

bool probe_take_socket(struct probe_context *context, struct error *err) {
    return context->descriptors == NULL ||
           descriptor_budget_take(context->descriptors, DESCRIPTORS_PROCESSES, 1, err) ||
           error_prefix(err, "dial tcp: socket: ");
}

void probe_give_back_socket(struct probe_context *context) {
    if (context->descriptors != NULL)
        descriptor_budget_give_back(context->descriptors, DESCRIPTORS_PROCESSES, 1);
}

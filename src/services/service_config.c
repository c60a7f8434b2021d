// SPDX-License-Identifier: GPL-3.0-or-later
// Declared in service_internal.h: a service's configuration as it was last taken up.
#include "services/service_internal.h"

#include "base/clock.h"

#define KILL_DELAY_DEFAULT_NS (5 * NS_PER_S)

const struct plan_workload *service_workload(const struct plan *plan, const struct plan_service *config) {
    return text_is_empty(config->workload) ? NULL : plan_find_workload(plan, config->workload);
}

void service_configure(struct service *service, const struct plan *plan, const struct plan_service *config) {
    struct plan_service *config_copy = plan_service_copy(config);
    struct plan_workload *workload_copy = plan_workload_copy(service_workload(plan, config));
    plan_service_destroy(service->config);
    plan_workload_destroy(service->workload);
    service->config = config_copy;
    service->workload = workload_copy;
}

bool service_is_up(const struct service *service) {
    return service->state == SERVICE_STARTING || service->state == SERVICE_RUNNING;
}

int64_t service_kill_delay_ns(const struct service *service) {
    return service->config->kill_delay.is_set ? service->config->kill_delay.ns : KILL_DELAY_DEFAULT_NS;
}

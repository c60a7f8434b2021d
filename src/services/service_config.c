// SPDX-License-Identifier: GPL-3.0-or-later
// A service's configuration. Declared in services/service_internal.h.
#include "services/service_internal.h"

#include "base/clock.h"

#define KILL_DELAY_DEFAULT_NS (5 * NS_PER_S)
#define READY_TIMEOUT_NS (25 * NS_PER_S)

const struct plan_workload *service_workload(const struct plan *plan, const struct plan_service *config) {
    return text_is_empty(config->workload) ? NULL : plan_find_workload(plan, config->workload);
}

bool service_config_differs(const struct service *service, const struct plan *plan, const struct plan_service *config) {
    return service->config != NULL && !(plan_service_equal(config, service->config) &&
                                        plan_workload_equal(service_workload(plan, config), service->workload));
}

void service_configure(struct service *service, const struct plan *plan, const struct plan_service *config) {
    service->has_new_config = service->has_new_config || service_config_differs(service, plan, config);
    struct plan_service *config_held = plan_service_hold(config);
    struct plan_workload *workload_copy = plan_workload_copy(service_workload(plan, config));
    plan_service_release(service->config);
    plan_workload_destroy(service->workload);
    service->config = config_held;
    service->workload = workload_copy;
}

bool service_is_up(const struct service *service) {
    switch (service->state) {
    case SERVICE_STARTING:
    case SERVICE_GETTING_READY:
    case SERVICE_WORKING:
    case SERVICE_RUNNING:
        return true;
    default:
        return false;
    }
}

bool service_is_success(const struct plan_service *config, int exit_code) {
    return exit_code == 0 || number_list_has(&config->success_exit_codes, exit_code);
}

enum action service_exit_action(const struct plan_service *config, int exit_code) {
    enum action action = service_is_success(config, exit_code) ? config->on_success : config->on_failure;
    if (action == ACTION_UNSET)
        action = plan_service_is_oneshot(config) ? ACTION_IGNORE : ACTION_RESTART;
    bool is_fatal = number_list_has(&config->fatal_exit_codes, exit_code);
    return action == ACTION_RESTART && is_fatal ? ACTION_IGNORE : action;
}

int64_t service_kill_delay_ns(const struct service *service) {
    return service->config->kill_delay.is_set ? service->config->kill_delay.ns : KILL_DELAY_DEFAULT_NS;
}

int64_t service_ready_timeout_ns(const struct service *service) {
    const struct service_ready *ready = plan_service_ready(service->config);
    return ready->timeout.is_set ? ready->timeout.ns : READY_TIMEOUT_NS;
}

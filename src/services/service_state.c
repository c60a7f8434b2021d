// SPDX-License-Identifier: GPL-3.0-or-later
// The names of states, and the statuses that clients see. Declared in services/service_internal.h.
#include "services/service_internal.h"

static const struct {
    const char *name;
    const char *status;
} states[SERVICE_STATES] = {
    [SERVICE_INITIAL] = {"initial", "inactive"},
    [SERVICE_WAITING] = {"waiting", "inactive"},
    [SERVICE_LAUNCHING] = {"launching", "inactive"},
    [SERVICE_STARTING] = {"starting", "active"},
    [SERVICE_GETTING_READY] = {"starting", "active"},
    [SERVICE_WORKING] = {"running", "active"},
    [SERVICE_RUNNING] = {"running", "active"},
    [SERVICE_TERMINATING] = {"terminating", "inactive"},
    [SERVICE_KILLING] = {"killing", "inactive"},
    [SERVICE_RESTART_TERMINATING] = {"terminating", "inactive"},
    [SERVICE_RESTART_KILLING] = {"killing", "inactive"},
    [SERVICE_TIMEOUT_TERMINATING] = {"terminating", "inactive"},
    [SERVICE_TIMEOUT_KILLING] = {"killing", "inactive"},
    [SERVICE_LEFTOVERS_TERMINATING] = {"terminating", "inactive"},
    [SERVICE_LEFTOVERS_KILLING] = {"killing", "inactive"},
    [SERVICE_STOPPED] = {"stopped", "inactive"},
    [SERVICE_COMPLETED] = {"completed", "inactive"},
    [SERVICE_BACKOFF] = {"backoff", "backoff"},
    [SERVICE_RELAUNCHING] = {"relaunching", "backoff"},
    [SERVICE_EXITED] = {"exited", "error"},
};

const char *service_state_name(enum service_state state) {
    return states[state].name;
}

const char *service_state_status(enum service_state state) {
    return states[state].status;
}

bool service_is_moving(const struct service *service) {
    switch (service->state) {
    case SERVICE_INITIAL:
    case SERVICE_STOPPED:
    case SERVICE_COMPLETED:
    case SERVICE_EXITED:
        return false;
    default:
        return true;
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
// How long it may take to stop all services. Declared in services/service_manager.h.
#include "services/service_internal.h"
#include "services/service_manager.h"

#define KILL_DELAY_MIN_NS (5 * NS_PER_S)
#define KILL_LIMIT_NS (5 * NS_PER_S)     // for SIGKILL to take effect
#define LOOP_MARGIN_NS (100 * NS_PER_MS) // some time for the loop

static bool is_stopping_or_up(const struct service *service) {
    return service_is_up(service) || service->state == SERVICE_TERMINATING ||
           service->state == SERVICE_RESTART_TERMINATING;
}

// A service stops after those that wait for it to be started or ready. Returns whether the stop of one of those that
// this one waits for begins later than it was known.
static bool delay_targets(struct service_manager *manager, const struct service *service) {
    const struct plan_service *config = plan_find_service(manager->plan, service->name);
    if (config == NULL)
        return false;
    bool is_later = false;
    int64_t end_ns = clock_add_ns(service->stop_begin_ns, clock_add_ns(service_kill_delay_ns(service), KILL_LIMIT_NS));
    for (const struct map_entry *e = map_first(&config->wait_for); e != NULL; e = map_next(&config->wait_for, e)) {
        enum condition condition = (enum condition)(uintptr_t)e->value;
        struct service *target = map_get(&manager->services, e->key);
        bool is_ordered = condition == CONDITION_STARTED || condition == CONDITION_READY;
        if (is_ordered && target != NULL && is_stopping_or_up(target) && target->stop_begin_ns < end_ns) {
            target->stop_begin_ns = end_ns;
            is_later = true;
        }
    }
    return is_later;
}

// Begins are propagated along the chains, each round by one step at least.
static void find_begins(struct service_manager *manager) {
    bool is_later = true;
    for (struct map_entry *e = map_first(&manager->services); e != NULL; e = map_next(&manager->services, e))
        ((struct service *)e->value)->stop_begin_ns = 0;
    for (size_t round = 0; is_later && round < manager->services.count; round++) {
        is_later = false;
        for (struct map_entry *e = map_first(&manager->services); e != NULL; e = map_next(&manager->services, e)) {
            if (is_stopping_or_up(e->value))
                is_later = delay_targets(manager, e->value) || is_later;
        }
    }
}

int64_t service_manager_stop_limit_ns(struct service_manager *manager) {
    int64_t longest_ns = KILL_DELAY_MIN_NS;
    find_begins(manager);
    for (struct map_entry *e = map_first(&manager->services); e != NULL; e = map_next(&manager->services, e)) {
        const struct service *service = e->value;
        if (!is_stopping_or_up(service))
            continue;
        int64_t own_ns = clock_add_ns(service->stop_begin_ns, service_kill_delay_ns(service));
        longest_ns = own_ns > longest_ns ? own_ns : longest_ns;
    }
    return clock_add_ns(longest_ns, KILL_LIMIT_NS + LOOP_MARGIN_NS);
}

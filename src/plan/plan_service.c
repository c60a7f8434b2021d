// SPDX-License-Identifier: GPL-3.0-or-later
// Who holds a service of a plan, and what follows from its keys beyond Pebble's. Declared in plan/plan.h.
#include "plan/plan.h"

#include "plan/record_internal.h"

const struct service_ready *plan_service_ready(const struct plan_service *service) {
    const struct service_ready *ready = service->ready;
    bool is_set = ready != NULL &&
                  (ready->notify.value || ready->fd != 0 || !text_is_empty(ready->log) || !text_is_empty(ready->check));
    return is_set ? ready : NULL;
}

bool plan_service_has_conditions(const struct plan_service *service) {
    for (const struct map_entry *e = map_first(&service->wait_for); e != NULL; e = map_next(&service->wait_for, e)) {
        if ((uintptr_t)e->value != CONDITION_NONE)
            return true;
    }
    return service->wait_for_checks.count > 0;
}

bool plan_condition_orders_stop(enum condition condition) {
    return condition == CONDITION_STARTED || condition == CONDITION_READY;
}

bool plan_service_is_oneshot(const struct plan_service *service) {
    return service->type == SERVICE_TYPE_ONESHOT;
}

bool plan_service_ends_with_tree(const struct plan_service *service) {
    return service->kill_mode == KILL_MODE_TREE || service->kill_mode == KILL_MODE_MIXED;
}

bool plan_service_is_extended(const struct plan_service *service) {
    for (size_t i = 0; i < record_service.field_count; i++) {
        const struct field *field = &record_service.fields[i];
        if (field->is_extended && field_is_set(field, field_of_const(service, field)))
            return true;
    }
    return service->on_success == ACTION_EXIT || service->on_failure == ACTION_EXIT;
}

struct plan_service *plan_service_hold(const struct plan_service *service) {
    struct plan_service *held = (struct plan_service *)(uintptr_t)service; // only the count changes
    held->holders++;
    return held;
}

void plan_service_release(struct plan_service *service) {
    if (service != NULL && service->holders > 0)
        service->holders--;
    else
        record_destroy(&record_service, service);
}

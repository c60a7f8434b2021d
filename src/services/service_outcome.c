// SPDX-License-Identifier: GPL-3.0-or-later
// Whether anything is left to do, and what has failed. Declared in services/service_manager.h and
// services/service_internal.h.
#include "services/service_internal.h"
#include "services/service_manager.h"

void service_note_failure(struct service *service, int exit_code) {
    service->failure_number = ++service->manager->failure_count;
    service->failure_code = exit_code != 0 ? exit_code : 1;
}

void service_forget_failure(struct service *service) {
    service->failure_number = 0;
}

bool service_manager_is_done(const struct service_manager *manager, int *exit_code) {
    const struct service *first = NULL;
    if (!service_pending_is_empty(&manager->pending))
        return false;
    for (const struct map_entry *entry = map_first(&manager->services); entry != NULL;
         entry = map_next(&manager->services, entry)) {
        const struct service *service = entry->value;
        if (service_is_moving(service))
            return false;
        if (service->failure_number > 0 && (first == NULL || service->failure_number < first->failure_number))
            first = service;
    }
    *exit_code = first != NULL ? first->failure_code : 0;
    return true;
}

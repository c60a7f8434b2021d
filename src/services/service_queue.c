// SPDX-License-Identifier: GPL-3.0-or-later
// Starting many services at once takes a while: a few are started in each turn of the loop, so that the
// API answers in between.
#include "services/service_internal.h"

#define STARTS_PER_TURN 8

static void start_some(struct deferred *deferred) {
    struct service_manager *manager = CONTAINER_OF(deferred, struct service_manager, start_turn);
    for (int i = 0; i < STARTS_PER_TURN && !list_is_empty(&manager->start_queue); i++) {
        struct service *service = LIST_ITEM(manager->start_queue.next, struct service, queue_link);
        list_remove(&service->queue_link);
        service_start_now(service);
    }
    if (!list_is_empty(&manager->start_queue))
        loop_defer(manager->spec.loop, &manager->start_turn, start_some);
}

void service_queue_add(struct service *service) {
    struct service_manager *manager = service->manager;
    if (!list_is_linked(&service->queue_link))
        list_add(&manager->start_queue, &service->queue_link);
    loop_defer(manager->spec.loop, &manager->start_turn, start_some);
}

bool service_queue_remove(struct service *service) {
    if (!list_is_linked(&service->queue_link))
        return false;
    list_remove(&service->queue_link);
    return true;
}

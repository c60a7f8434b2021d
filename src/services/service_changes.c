// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_changes_internal.h"

#include <stdlib.h>

#include "base/memory.h"

// A change of state that is to be emitted.
struct changed_service {
    struct list link;
    char *name;
    enum service_state before, now;
};

static void changed_destroy(struct changed_service *changed) {
    list_remove(&changed->link);
    free(changed->name);
    free(changed);
}

static void emit(struct deferred *deferred) {
    struct service_manager *manager = CONTAINER_OF(deferred, struct service_manager, emission);
    // Changes that listeners cause are emitted in the next turn.
    for (size_t count = list_count(&manager->changes); count > 0 && !list_is_empty(&manager->changes); count--) {
        struct changed_service *changed = LIST_ITEM(manager->changes.next, struct changed_service, link);
        struct service_change change = {.name = changed->name, .before = changed->before, .now = changed->now};
        event_emit(&manager->changed, &change);
        changed_destroy(changed);
    }
    if (manager->has_shutdown && !manager->has_emitted_shutdown) {
        manager->has_emitted_shutdown = true;
        event_emit(&manager->shutdown_wanted, &manager->shutdown);
    }
}

static void add_change(struct service_manager *manager, const struct service_change *change) {
    struct changed_service *changed = memory_new(sizeof *changed);
    changed->name = memory_string(change->name);
    changed->before = change->before;
    changed->now = change->now;
    list_add(&manager->changes, &changed->link);
    loop_defer(manager->spec.loop, &manager->emission, emit);
}

void service_changed(struct service *service, enum service_state before) {
    add_change(service->manager, &(const struct service_change){service->name, before, service->state});
}

void service_outlook_changed(struct service_manager *manager, const char *name) {
    const struct service *service = map_get(&manager->services, name);
    enum service_state state = service != NULL ? service->state : SERVICE_INITIAL;
    add_change(manager, &(const struct service_change){name, state, state});
}

void service_list_changed(struct service_manager *manager) {
    manager->list_version++;
}

void service_stamp(struct service *service) {
    service->since = clock_now();
    clock_format(service->since, service->since_text);
    service_list_changed(service->manager);
}

static void request(struct service_manager *manager, const struct service_shutdown *shutdown) {
    if (manager->has_shutdown)
        return;
    manager->has_shutdown = true;
    manager->shutdown = *shutdown;
    loop_defer(manager->spec.loop, &manager->emission, emit);
}

void service_request_shutdown(struct service_manager *manager, enum shutdown_kind kind) {
    request(manager, &(const struct service_shutdown){.kind = kind});
}

void service_request_exit(struct service_manager *manager, int exit_code) {
    request(manager, &(const struct service_shutdown){.kind = SHUTDOWN_EXIT_CODE, .exit_code = exit_code});
}

void service_changes_discard(struct service_manager *manager) {
    loop_defer_cancel(manager->spec.loop, &manager->emission);
    while (!list_is_empty(&manager->changes))
        changed_destroy(LIST_ITEM(manager->changes.next, struct changed_service, link));
}

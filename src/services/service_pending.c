// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_pending_internal.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "services/service_internal.h"
#include "services/service_wait_internal.h"

static char *key_of(const char *kind, const char *name) {
    return memory_printf("%s %s", kind, name);
}

static void count(struct service_manager *manager, const char *key, int difference) {
    struct map *counts = &manager->pending.counts;
    uintptr_t sum = (uintptr_t)map_get(counts, key) + (uintptr_t)difference;
    if (sum > 0)
        map_set(counts, key, (void *)sum);
    else
        (void)map_remove(counts, key);
}

void service_pending_add(struct service_manager *manager, const struct task *task) {
    char *key = key_of(task_kind(task), service_task_name(task));
    count(manager, key, 1);
    map_set(&manager->pending.names, task_id(task), key);
    service_touch_name(manager, service_task_name(task));
}

void service_pending_remove(struct service_manager *manager, const struct task *task) {
    const char *key = map_get(&manager->pending.names, task_id(task));
    if (key == NULL)
        return;
    count(manager, key, -1);
    (void)map_remove(&manager->pending.names, task_id(task));
    service_touch_name(manager, service_task_name(task));
}

bool service_is_pending(const struct service_manager *manager, const char *kind, const char *name) {
    AUTO_FREE char *key = key_of(kind, name);
    return map_has(&manager->pending.counts, key);
}

// A task that is held has not begun.
static void on_task_ended(struct listener *listener, void *argument) {
    struct service_manager *manager = CONTAINER_OF(listener, struct service_manager, pending.task_ended);
    service_pending_remove(manager, argument);
}

static bool add_left_tasks(struct change *change, void *data) {
    for (size_t i = 0; !change_is_ready(change) && i < change_task_count(change); i++) {
        const struct task *task = change_task(change, i);
        bool is_ours = text_equal(task_kind(task), "start") || text_equal(task_kind(task), "stop");
        if (is_ours && !status_is_ready(task_status(task)))
            service_pending_add(data, task);
    }
    return true;
}

void service_pending_begin(struct service_manager *manager) {
    map_init(&manager->pending.names, free);
    map_init(&manager->pending.counts, NULL);
    event_add(state_task_ended(manager->spec.state), &manager->pending.task_ended, on_task_ended);
    state_each_change(manager->spec.state, add_left_tasks, manager);
}

void service_pending_end(struct service_manager *manager) {
    event_remove(&manager->pending.task_ended);
    map_finish(&manager->pending.names);
    map_finish(&manager->pending.counts);
}

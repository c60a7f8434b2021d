// SPDX-License-Identifier: GPL-3.0-or-later
#include "services/service_pending_internal.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"

void service_pending_init(struct service_pending *pending) {
    map_init(&pending->keys, free);
    map_init(&pending->counts, NULL);
}

void service_pending_finish(struct service_pending *pending) {
    map_finish(&pending->keys);
    map_finish(&pending->counts);
}

static char *key_of(const char *kind, const char *name) {
    return memory_printf("%s %s", kind, name);
}

void service_pending_add(struct service_pending *pending, const char *task_id, const char *kind, const char *name) {
    char *key = key_of(kind, name);
    uintptr_t count = (uintptr_t)map_get(&pending->counts, key);
    map_set(&pending->counts, key, (void *)(count + 1));
    map_set(&pending->keys, task_id, key);
}

bool service_pending_remove(struct service_pending *pending, const char *task_id) {
    const char *key = map_get(&pending->keys, task_id);
    if (key == NULL)
        return false;
    uintptr_t count = (uintptr_t)map_get(&pending->counts, key);
    if (count > 1)
        map_set(&pending->counts, key, (void *)(count - 1));
    else
        (void)map_remove(&pending->counts, key);
    return map_remove(&pending->keys, task_id);
}

bool service_pending_is_empty(const struct service_pending *pending) {
    return pending->counts.count == 0;
}

bool service_pending_has(const struct service_pending *pending, const char *kind, const char *name) {
    AUTO_FREE char *key = key_of(kind, name);
    return map_has(&pending->counts, key);
}

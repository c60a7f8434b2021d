// SPDX-License-Identifier: GPL-3.0-or-later
#include "logs/log_store.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"

struct log_store {
    struct map rings; // service to struct ring, owned
    struct event opened;
    struct event closing;
};

static void free_ring(void *ring) {
    ring_destroy(ring);
}

struct log_store *log_store_create(void) {
    struct log_store *store = memory_new(sizeof *store);
    map_init(&store->rings, free_ring);
    event_init(&store->opened);
    event_init(&store->closing);
    return store;
}

void log_store_destroy(struct log_store *store) {
    if (store == NULL)
        return;
    event_emit(&store->closing, NULL);
    map_finish(&store->rings);
    free(store);
}

struct ring *log_store_open(struct log_store *store, const char *service) {
    struct ring *ring = map_get(&store->rings, service);
    if (ring == NULL) {
        ring = ring_create(service, RING_LIMIT_BYTES);
        map_set(&store->rings, service, ring);
        event_emit(&store->opened, ring);
    }
    return ring;
}

struct ring *log_store_find(struct log_store *store, const char *service) {
    return map_get(&store->rings, service);
}

bool log_store_shrink(void *store) {
    const struct map *rings = &((struct log_store *)store)->rings;
    bool has_freed = false;
    for (struct map_entry *entry = map_first(rings); entry != NULL; entry = map_next(rings, entry))
        has_freed |= ring_shrink(entry->value);
    return has_freed;
}

const struct map *log_store_rings(const struct log_store *store) {
    return &store->rings;
}

struct event *log_store_opened(struct log_store *store) {
    return &store->opened;
}

struct event *log_store_closing(struct log_store *store) {
    return &store->closing;
}

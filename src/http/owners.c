// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/owners_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

void owners_init(struct owners *owners, struct shares *shares, struct share *heir) {
    *owners = (struct owners){.shares = shares, .heir = heir};
    map_init(&owners->by_key, free);
    for (int i = 0; i < 2 * OWNER_SIZES; i++) {
        list_init(&owners->by_connections[i / OWNER_SIZES][i % OWNER_SIZES]);
        list_init(&owners->by_bytes[i / OWNER_SIZES][i % OWNER_SIZES]);
    }
}

void owners_finish(struct owners *owners) {
    map_finish(&owners->by_key);
}

// --- sizes ---

static int size_class(size_t size) {
    int class = 0;
    while ((size >> 1) != 0 && class < OWNER_SIZES - 1) {
        size >>= 1;
        class ++;
    }
    return class;
}

static void file_by_size(struct list lists[static OWNER_SIZES], struct list *link, size_t before, size_t after) {
    if (list_is_linked(link) && after != 0 && size_class(before) == size_class(after))
        return;
    list_remove(link);
    if (after != 0)
        list_add(&lists[size_class(after)], link);
}

static void set_connections(struct owners *owners, struct owner *owner, size_t connections) {
    file_by_size(owners->by_connections[owner->is_administrator], &owner->by_connections, owner->connections,
                 connections);
    owner->connections = connections;
}

void owner_set_bytes(struct owners *owners, struct owner *owner, size_t bytes) {
    file_by_size(owners->by_bytes[owner->is_administrator], &owner->by_bytes, owner->bytes, bytes);
    owner->bytes = bytes;
}

static struct list *largest(const struct list lists[static OWNER_SIZES]) {
    for (int class = OWNER_SIZES - 1; class >= 0; class --) {
        if (!list_is_empty(&lists[class]))
            return lists[class].next;
    }
    return NULL;
}

struct owner *owners_with_most_connections(const struct owners *owners, bool is_administrator) {
    struct list *link = largest(owners->by_connections[is_administrator]);
    return link != NULL ? LIST_ITEM(link, struct owner, by_connections) : NULL;
}

struct owner *owners_with_most_bytes(const struct owners *owners, bool is_administrator) {
    struct list *link = largest(owners->by_bytes[is_administrator]);
    return link != NULL ? LIST_ITEM(link, struct owner, by_bytes) : NULL;
}

// --- owners ---

static struct owner *owner_create(const char *key, bool is_administrator) {
    struct owner *owner = memory_new(sizeof *owner);
    (void)snprintf(owner->key, sizeof owner->key, "%s", key);
    owner->is_administrator = is_administrator;
    share_init(&owner->share, is_administrator);
    list_init(&owner->by_connections);
    list_init(&owner->by_bytes);
    for (int hold = 0; hold < HOLD_KINDS; hold++)
        list_init(&owner->held[hold]);
    return owner;
}

struct owner *owners_get(struct owners *owners, const char *key, bool is_administrator) {
    struct owner *owner = map_get(&owners->by_key, key);
    if (owner == NULL) {
        owner = owner_create(key, is_administrator);
        map_set(&owners->by_key, key, owner);
    }
    return owner;
}

void owner_add_connection(struct owners *owners, struct owner *owner) {
    set_connections(owners, owner, owner->connections + 1);
}

static void free_unused(struct owners *owners, struct owner *owner) {
    if (owner->connections > 0 || owner->holds > 0)
        return;
    share_finish(owners->shares, &owner->share, owners->heir);
    (void)map_remove(&owners->by_key, owner->key);
}

void owner_remove_connection(struct owners *owners, struct owner *owner) {
    set_connections(owners, owner, owner->connections - 1);
    if (owner->connections > 0)
        return;
    owner_set_bytes(owners, owner, 0);
    free_unused(owners, owner);
}

void owner_hold(struct owner *owner) {
    owner->holds++;
}

void owner_release(struct owners *owners, struct owner *owner) {
    owner->holds--;
    free_unused(owners, owner);
}

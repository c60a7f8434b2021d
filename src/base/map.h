// SPDX-License-Identifier: LGPL-3.0-or-later
// A hash map from strings to pointers. Keys are copied. Values are owned if a free function is given.
// Lookups cost the same whatever the size. Iteration is in an order without meaning; what users see is
// sorted with map_sorted(). While iterating, only the entry just returned may be removed (map_next() can
// still go on from it), and nothing added.
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

typedef void (*map_free_fn)(void *value);

struct map_entry {
    char *key;
    void *value;
    struct map_entry *next; // private
    size_t hash;            // private
};

struct map {
    struct map_entry **buckets;
    size_t bucket_count;
    size_t count;
    map_free_fn free_value;    // may be NULL
    struct map_entry *removed; // private
};

#define MAP_INIT(free_fn)                                                                                              \
    { .free_value = (free_fn) }
void map_init(struct map *map, map_free_fn free_value);
void map_finish(struct map *map); // frees keys, and values where owned; empty afterwards
#define AUTO_MAP CLEANUP(map_finish)

void *map_get(const struct map *map, const char *key); // NULL when absent
bool map_has(const struct map *map, const char *key);
void map_set(struct map *map, const char *key, void *value); // an old value is freed where owned
bool map_remove(struct map *map, const char *key);           // frees the value where owned; false when absent
void *map_take(struct map *map, const char *key);            // removes without freeing
// Iteration: `for (struct map_entry *e = map_first(m); e; e = map_next(m, e))`.
struct map_entry *map_first(const struct map *map);
struct map_entry *map_next(const struct map *map, const struct map_entry *entry);
// The entries sorted by key (bytes), an array of `map->count` followed by NULL; free() it.
struct map_entry **map_sorted(const struct map *map) __attribute__((returns_nonnull));

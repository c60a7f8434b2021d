// SPDX-License-Identifier: LGPL-3.0-or-later
// A hash map from strings to pointers. Keys are copied. Values are owned if a free function is given. The order of
// iteration is unspecified; use map_sorted() for output. During an iteration only the current entry may be removed, and
// none added.
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
void map_finish(struct map *map); // frees keys and owned values; the map is empty afterwards
#define AUTO_MAP CLEANUP(map_finish)

void *map_get(const struct map *map, const char *key); // NULL if absent
bool map_has(const struct map *map, const char *key);
void *map_get_n(const struct map *map, const char *key, size_t length); // a key without a NUL behind it
void map_set(struct map *map, const char *key, void *value);            // frees an old value if owned
bool map_remove(struct map *map, const char *key);                      // frees the value if owned; false if absent
// Iteration: `for (struct map_entry *e = map_first(m); e; e = map_next(m, e))`.
struct map_entry *map_first(const struct map *map);
struct map_entry *map_next(const struct map *map, const struct map_entry *entry);
// Returns the entries sorted by the bytes of their keys, NULL-terminated. The caller frees the array.
struct map_entry **map_sorted(const struct map *map) __attribute__((returns_nonnull));
// The same in the order of `compare`, which returns what strcmp() would.
typedef int (*map_compare_fn)(const char *a, const char *b);
struct map_entry **map_sorted_by(const struct map *map, map_compare_fn compare) __attribute__((returns_nonnull));

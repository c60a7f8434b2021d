// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/map.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/memory.h"

#define BUCKETS_MIN 8

// Clients choose keys. Without a secret seed they could choose keys that all fall into one bucket.
static uint64_t hash_seed[2];
static pthread_once_t hash_seed_once = PTHREAD_ONCE_INIT;

static void seed_hash(void) {
    if (getrandom(hash_seed, sizeof hash_seed, GRND_NONBLOCK) != (ssize_t)sizeof hash_seed) {
        // Early at boot there may be no randomness yet, and PID 1 must not wait for it.
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        hash_seed[0] = (uint64_t)now.tv_sec ^ (uint64_t)(uintptr_t)&now;
        hash_seed[1] = (uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)&seed_hash;
    }
}

static uint64_t rotate_left(uint64_t value, unsigned bits) {
    return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4]) {
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate_left(v[1], 13) ^ v[0];
    v[3] = rotate_left(v[3], 16) ^ v[2];
    v[0] = rotate_left(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate_left(v[1], 17) ^ v[2];
    v[3] = rotate_left(v[3], 21) ^ v[0];
    v[2] = rotate_left(v[2], 32);
}

static void sip_absorb(uint64_t v[4], uint64_t word) {
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

// SipHash-1-3 (Aumasson and Bernstein, https://www.aumasson.jp/siphash/), in the byte order of the machine: the values
// never leave the process.
static size_t hash_key(const char *key, size_t length) {
    pthread_once(&hash_seed_once, seed_hash);
    uint64_t v[4] = {
        hash_seed[0] ^ UINT64_C(0x736f6d6570736575),
        hash_seed[1] ^ UINT64_C(0x646f72616e646f6d),
        hash_seed[0] ^ UINT64_C(0x6c7967656e657261),
        hash_seed[1] ^ UINT64_C(0x7465646279746573),
    };
    size_t done = 0;
    uint64_t word;
    for (; length - done >= sizeof word; done += sizeof word) {
        memcpy(&word, key + done, sizeof word);
        sip_absorb(v, word);
    }
    word = 0;
    memcpy(&word, key + done, length - done);
    sip_absorb(v, word ^ (uint64_t)length << 56);
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return (size_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

void map_init(struct map *map, map_free_fn free_value) {
    *map = (struct map)MAP_INIT(free_value);
}

static void free_value(const struct map *map, void *value) {
    if (map->free_value != NULL && value != NULL)
        map->free_value(value);
}

void map_finish(struct map *map) {
    struct map_entry *entry = map_first(map);
    while (entry != NULL) {
        struct map_entry *next = map_next(map, entry);
        free_value(map, entry->value);
        free(entry->key);
        free(entry);
        entry = next;
    }
    free(map->buckets);
    free(map->removed);
    map_init(map, map->free_value);
}

// The number of buckets is a power of two.
static size_t bucket_of(const struct map *map, size_t hash) {
    return hash & (map->bucket_count - 1);
}

static bool has_key(const struct map_entry *entry, const char *key, size_t length) {
    return strlen(entry->key) == length && memcmp(entry->key, key, length) == 0;
}

// The pointer to the entry of the key, or the NULL at the end of its chain. The map must have buckets.
static struct map_entry **find(const struct map *map, const char *key, size_t length, size_t hash) {
    struct map_entry **at = &map->buckets[bucket_of(map, hash)];
    while (*at != NULL && ((*at)->hash != hash || !has_key(*at, key, length)))
        at = &(*at)->next;
    return at;
}

static struct map_entry *find_entry(const struct map *map, const char *key, size_t length) {
    return map->count > 0 ? *find(map, key, length, hash_key(key, length)) : NULL;
}

void *map_get_n(const struct map *map, const char *key, size_t length) {
    const struct map_entry *entry = find_entry(map, key, length);
    return entry != NULL ? entry->value : NULL;
}

void *map_get(const struct map *map, const char *key) {
    return map_get_n(map, key, strlen(key));
}

bool map_has(const struct map *map, const char *key) {
    return find_entry(map, key, strlen(key)) != NULL;
}

static void rehash(struct map *map, size_t bucket_count) {
    struct map resized = *map;
    resized.buckets = memory_new_array(bucket_count, sizeof(struct map_entry *));
    resized.bucket_count = bucket_count;
    struct map_entry *entry = map_first(map);
    while (entry != NULL) {
        struct map_entry *next = map_next(map, entry);
        struct map_entry **bucket = &resized.buckets[bucket_of(&resized, entry->hash)];
        entry->next = *bucket;
        *bucket = entry;
        entry = next;
    }
    free(map->buckets);
    *map = resized;
}

// Called on additions only, so that a removal does not disturb an iteration.
static void adapt_buckets(struct map *map) {
    if (map->bucket_count == 0)
        rehash(map, BUCKETS_MIN);
    else if (map->count >= map->bucket_count)
        rehash(map, map->bucket_count * 2);
    else if (map->bucket_count > BUCKETS_MIN && map->count < map->bucket_count / 8)
        rehash(map, map->bucket_count / 4);
}

void map_set(struct map *map, const char *key, void *value) {
    size_t length = strlen(key), hash = hash_key(key, length);
    struct map_entry *entry = map->count > 0 ? *find(map, key, length, hash) : NULL;
    if (entry != NULL) {
        void *old = entry->value;
        entry->value = value;
        if (old != value)
            free_value(map, old);
        return;
    }
    adapt_buckets(map);
    entry = memory_new(sizeof *entry);
    *entry = (struct map_entry){.key = memory_string(key), .value = value, .hash = hash};
    struct map_entry **bucket = &map->buckets[bucket_of(map, hash)];
    entry->next = *bucket;
    *bucket = entry;
    map->count++;
}

// Unlinks the entry of the key. Its memory is kept until the next removal, for map_next().
static struct map_entry *unlink_entry(struct map *map, const char *key) {
    size_t length = strlen(key);
    struct map_entry **at = map->count > 0 ? find(map, key, length, hash_key(key, length)) : NULL;
    if (at == NULL || *at == NULL)
        return NULL;
    struct map_entry *entry = *at;
    *at = entry->next;
    map->count--;
    free(map->removed);
    map->removed = entry;
    return entry;
}

bool map_remove(struct map *map, const char *key) {
    struct map_entry *entry = unlink_entry(map, key);
    if (entry == NULL)
        return false;
    void *value = TAKE(entry->value);
    memory_free_at(&entry->key);
    free_value(map, value);
    return true;
}

static struct map_entry *first_from(const struct map *map, size_t bucket) {
    for (; bucket < map->bucket_count; bucket++) {
        if (map->buckets[bucket] != NULL)
            return map->buckets[bucket];
    }
    return NULL;
}

struct map_entry *map_first(const struct map *map) {
    return first_from(map, 0);
}

struct map_entry *map_next(const struct map *map, const struct map_entry *entry) {
    return entry->next != NULL ? entry->next : first_from(map, bucket_of(map, entry->hash) + 1);
}

static int compare_keys(const void *a, const void *b, void *compare) {
    const struct map_entry *const *left = a;
    const struct map_entry *const *right = b;
    return (*(map_compare_fn *)compare)((*left)->key, (*right)->key);
}

struct map_entry **map_sorted(const struct map *map) {
    return map_sorted_by(map, strcmp);
}

struct map_entry **map_sorted_by(const struct map *map, map_compare_fn compare) {
    struct map_entry **entries = memory_new_array(map->count + 1, sizeof(struct map_entry *));
    size_t count = 0;
    for (struct map_entry *entry = map_first(map); entry != NULL; entry = map_next(map, entry))
        entries[count++] = entry;
    qsort_r(entries, count, sizeof(struct map_entry *), compare_keys, &compare);
    return entries;
}

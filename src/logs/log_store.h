// SPDX-License-Identifier: GPL-3.0-or-later
// The rings of all services by name, and queries over them: the last n lines merged by time, and following. Rings exist
// until the store is destroyed.
#pragma once

#include "base/map.h"
#include "logs/ring.h"

struct log_store;

struct log_store *log_store_create(void) __attribute__((returns_nonnull));
void log_store_destroy(struct log_store *store);
struct ring *log_store_open(struct log_store *store, const char *service); // created at first use
struct ring *log_store_find(struct log_store *store, const char *service); // NULL when there is none
bool log_store_shrink(void *store);                                        // a memory_shrink_fn
const struct map *log_store_rings(const struct log_store *store);          // service to struct ring
// Emitted when a ring has been created. Argument: struct ring *.
struct event *log_store_opened(struct log_store *store);
// Emitted before the store destroys its rings. Argument: none.
struct event *log_store_closing(struct log_store *store);

// A query: entries of services in the order of time, then of service names. First the last `count` existing ones, then,
// if it follows, new ones. Rings that are created later are not included.
struct log_query;
typedef void (*log_query_ready_fn)(void *data);
struct log_query_spec {
    const struct text_list *services; // NULL: all with a ring; borrowed for log_query_create()
    int64_t count;                    // -1: all
    bool follow;
    // If it follows: there are new entries since log_query_next() has returned false. Called from within ring_append(),
    // so it must not use the query. NULL is fine.
    log_query_ready_fn on_ready;
    void *data;
};
struct log_query *log_query_create(struct log_store *store, const struct log_query_spec *spec)
    __attribute__((returns_nonnull));
void log_query_destroy(struct log_query *query);
size_t log_query_memory(const struct log_query *query); // bytes
// Looks for the last `count` entries among some thousands more. False: there may be more to look at, and
// log_query_next() returns false until this has returned true. log_query_create() calls it once.
bool log_query_place(struct log_query *query);
// Returns the next entry; false if there is none now. Service and entry are valid until the next call or the next turn
// of the loop. A query that does not follow ends with the entries that existed when it was created. If the query was
// too slow, an entry with the message `(... output truncated ...)` replaces those that it lost. A query with a count of
// 0 skips the rest of a line that is unfinished when it is created.
bool log_query_next(struct log_query *query, const char **service, struct ring_entry *entry);

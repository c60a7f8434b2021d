// SPDX-License-Identifier: GPL-3.0-or-later
// The rings of all services, by name, and queries over them: the last n lines merged by time, and
// following. Rings outlive their processes.
#pragma once

#include "base/map.h"
#include "logs/ring.h"

struct log_store;

struct log_store *log_store_create(void) __attribute__((returns_nonnull));
void log_store_destroy(struct log_store *store);
struct ring *log_store_open(struct log_store *store, const char *service); // made at first use
struct ring *log_store_find(struct log_store *store, const char *service); // NULL when there is none
void log_store_remove(struct log_store *store, const char *service);       // followers of it see its end
bool log_store_shrink(void *store);                                        // a memory_shrink_fn
const struct map *log_store_rings(const struct log_store *store);          // service to struct ring
// Announced when a ring is made (argument: the ring).
struct event *log_store_opened(struct log_store *store);
// Announced before a ring goes (argument: the ring), and with NULL after the last when the store goes.
struct event *log_store_closing(struct log_store *store);

// A query: entries of the chosen services in the order of time (then sequence), first the last `count`
// of what is there now, then, for a follower, what comes. Holds its services' rings as they were when it began.
struct log_query;
typedef void (*log_query_ready_fn)(void *data);
struct log_query_spec {
    const struct text_list *services; // NULL: all that have a ring; only needed while creating
    int64_t count;                    // -1: all
    bool follow;
    // For a follower, may be NULL: there is more since log_query_next() last returned false. Called from
    // ring_append(): only note it.
    log_query_ready_fn on_ready;
    void *data;
};
struct log_query *log_query_create(struct log_store *store, const struct log_query_spec *spec)
    __attribute__((returns_nonnull));
void log_query_destroy(struct log_query *query);
// The next entry, false when there is none (now). Service and entry are valid until the next call or the loop's
// next turn. A query without follow ends at what was there when it began. Where the query was too slow, an entry
// with the message `(... output truncated ...)` stands for what it lost. One that begins without entries does not
// see the rest of a line that is unfinished then.
bool log_query_next(struct log_query *query, const char **service, struct ring_entry *entry);

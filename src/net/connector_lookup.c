// SPDX-License-Identifier: GPL-3.0-or-later
// Look-ups of names in worker pools. Attempts for the same name share one look-up, so that a name whose servers do not
// respond occupies only one thread. If many such names occupy all threads, other look-ups wait for as long as their
// attempts do. That of "localhost" has its own thread. Declared in net/connector_internal.h.
#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "net/connector_internal.h"

struct lookup {
    struct work_item item;
    struct list link;     // in connector.lookups while attempts can join
    struct list attempts; // connection_attempt.lookup_link
    struct worker_pool *pool;
    atomic_flag
        is_let_go; // set by the worker thread or by lookup_abandon_all(); the second to find it set frees the look-up
    // Used by the worker thread until it is done.
    resolve_fn resolve;
    char *name;
    struct address_list found;
    struct error err; // set if nothing was found
};

static void lookup_destroy(struct lookup *lookup) {
    address_list_finish(&lookup->found);
    error_clear(&lookup->err);
    free(lookup->name);
    free(lookup);
}

static void lookup_work(struct work_item *item) {
    struct lookup *lookup = CONTAINER_OF(item, struct lookup, item);
    if (lookup->resolve(lookup->name, &lookup->found, &lookup->err) && lookup->found.count == 0)
        error_set(&lookup->err, ERROR_CONNECTION, "no such host");
    if (atomic_flag_test_and_set(&lookup->is_let_go))
        lookup_destroy(lookup);
}

static struct connection_attempt *pop_attempt(struct lookup *lookup) {
    struct connection_attempt *attempt = LIST_ITEM(lookup->attempts.next, struct connection_attempt, lookup_link);
    list_remove(&attempt->lookup_link);
    attempt->lookup = NULL;
    return attempt;
}

static void lookup_done(struct work_item *item) {
    struct lookup *lookup = CONTAINER_OF(item, struct lookup, item);
    list_remove(&lookup->link);
    bool has_failed = error_is_set(&lookup->err);
    // Each call may cancel other attempts or destroy the connector.
    while (!list_is_empty(&lookup->attempts))
        attempt_resolved(pop_attempt(lookup), has_failed ? NULL : &lookup->found, has_failed ? &lookup->err : NULL);
    lookup_destroy(lookup);
}

static struct lookup *lookup_find(struct connector *connector, const char *name) {
    struct lookup *lookup;
    LIST_FOR_EACH (lookup, &connector->lookups, link) {
        if (text_equal(lookup->name, name))
            return lookup;
    }
    return NULL;
}

static bool lookup_start(struct connector *connector, const char *name, struct lookup **started, struct error *err) {
    struct lookup *lookup = memory_new(sizeof *lookup);
    lookup->item = (struct work_item){.work = lookup_work, .done = lookup_done};
    lookup->pool = text_equal(name, "localhost") ? connector->localhost_pool : connector->pool;
    lookup->resolve = connector->resolve;
    lookup->name = memory_string(name);
    atomic_flag_clear(&lookup->is_let_go);
    list_init(&lookup->attempts);
    if (!worker_pool_submit(lookup->pool, &lookup->item, err)) {
        lookup_destroy(lookup);
        return false;
    }
    list_add(&connector->lookups, &lookup->link);
    *started = lookup;
    return true;
}

bool lookup_join(struct connection_attempt *attempt, struct error *err) {
    struct lookup *lookup = lookup_find(attempt->connector, attempt->host);
    if (lookup == NULL && !lookup_start(attempt->connector, attempt->host, &lookup, err))
        return false;
    list_add(&lookup->attempts, &attempt->lookup_link);
    attempt->lookup = lookup;
    return true;
}

void lookup_leave(struct connection_attempt *attempt) {
    struct lookup *lookup = attempt->lookup;
    if (lookup == NULL)
        return;
    list_remove(&attempt->lookup_link);
    attempt->lookup = NULL;
    bool has_ended = !list_is_linked(&lookup->link);
    if (has_ended || !list_is_empty(&lookup->attempts))
        return;
    // One that is running can be joined until it is done.
    if (worker_pool_cancel(lookup->pool, &lookup->item))
        list_remove(&lookup->link);
}

void lookup_abandon_all(struct connector *connector) {
    struct lookup *lookup;
    LIST_FOR_EACH (lookup, &connector->lookups, link) {
        if (atomic_flag_test_and_set(&lookup->is_let_go))
            lookup_destroy(lookup);
    }
}

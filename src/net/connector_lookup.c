// SPDX-License-Identifier: GPL-3.0-or-later
// Look-ups of names in the worker pool. Attempts for the same name share one, so that a name whose servers do not
// respond occupies one thread, however often it is asked for. Declared in net/connector_internal.h.
#include <stdatomic.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "net/connector_internal.h"

struct lookup {
    struct work_item item;
    struct list link;     // in connector.lookups while attempts can join
    struct list attempts; // connection_attempt.lookup_link
    struct connector *connector;
    bool is_hanging;       // counted as such
    atomic_flag is_let_go; // by the worker thread or by lookup_abandon_all(): the other one frees
    // The worker thread's, until done.
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

static void set_hanging(struct lookup *lookup, bool is_hanging) {
    if (lookup->is_hanging != is_hanging)
        lookup->connector->hanging_count += is_hanging ? 1 : (unsigned)-1;
    lookup->is_hanging = is_hanging;
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
    set_hanging(lookup, false);
    bool has_failed = error_is_set(&lookup->err);
    // Each of them may cancel others, or destroy the connector.
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
    if (connector->hanging_count >= RESOLVE_THREADS)
        return error_set(err, ERROR_UNAVAILABLE, "too many name look-ups hang");
    struct lookup *lookup = memory_new(sizeof *lookup);
    lookup->item = (struct work_item){.work = lookup_work, .done = lookup_done};
    lookup->connector = connector;
    lookup->resolve = connector->resolve;
    lookup->name = memory_string(name);
    atomic_flag_clear(&lookup->is_let_go);
    list_init(&lookup->attempts);
    if (!worker_pool_submit(connector->pool, &lookup->item, err)) {
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
    set_hanging(lookup, false);
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
    if (worker_pool_cancel(lookup->connector->pool, &lookup->item))
        list_remove(&lookup->link);
    else
        set_hanging(lookup, true);
}

void lookup_abandon_all(struct connector *connector) {
    struct lookup *lookup;
    LIST_FOR_EACH (lookup, &connector->lookups, link) {
        if (atomic_flag_test_and_set(&lookup->is_let_go))
            lookup_destroy(lookup);
    }
}

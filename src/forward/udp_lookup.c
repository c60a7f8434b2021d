// SPDX-License-Identifier: GPL-3.0-or-later
// Declared in forward/udp_lookup_internal.h.
#include "forward/udp_lookup_internal.h"

#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "loop/worker_pool.h"

struct udp_lookup {
    struct worker_pool *pool;
    struct work_item item;
    struct deferred end;
    struct loop *loop;
    udp_lookup_done_fn on_done;
    void *data;
    atomic_flag is_let_go; // set by the worker thread and by udp_lookup_cancel(); the second of them frees the look-up
    // Used by the worker thread until it is done.
    char *host;
    char service[8];
    struct sockaddr_storage address;
    struct error err;
};

static void lookup_free(struct udp_lookup *lookup) {
    error_clear(&lookup->err);
    free(lookup->host);
    free(lookup);
}

static void on_end_due(struct deferred *end) {
    struct udp_lookup *lookup = CONTAINER_OF(end, struct udp_lookup, end);
    (void)worker_pool_destroy_within(lookup->pool, 0); // nothing runs any more
    bool is_good = !error_is_set(&lookup->err);
    lookup->on_done(is_good ? &lookup->address : NULL, is_good ? NULL : &lookup->err, lookup->data);
    lookup_free(lookup);
}

static bool resolve(struct udp_lookup *lookup, int flags) {
    const struct addrinfo hints = {.ai_flags = flags, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    int code = getaddrinfo(lookup->host, lookup->service, &hints, &found);
    if (code != 0)
        return error_set(&lookup->err, ERROR_CONNECTION, "dial udp: lookup %s: %s", lookup->host, gai_strerror(code));
    memcpy(&lookup->address, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    error_clear(&lookup->err);
    return true;
}

static void lookup_work(struct work_item *item) {
    struct udp_lookup *lookup = CONTAINER_OF(item, struct udp_lookup, item);
    (void)resolve(lookup, 0);
    if (atomic_flag_test_and_set(&lookup->is_let_go))
        lookup_free(lookup);
}

// The pool cannot be destroyed from here.
static void lookup_done(struct work_item *item) {
    struct udp_lookup *lookup = CONTAINER_OF(item, struct udp_lookup, item);
    loop_defer(lookup->loop, &lookup->end, on_end_due);
}

struct udp_lookup *udp_lookup_start(struct loop *loop, const char *host, uint16_t port, udp_lookup_done_fn on_done,
                                    void *data) {
    struct udp_lookup *lookup = memory_new(sizeof *lookup);
    lookup->loop = loop;
    lookup->on_done = on_done;
    lookup->data = data;
    lookup->host = memory_string(host);
    lookup->item = (struct work_item){.work = lookup_work, .done = lookup_done};
    atomic_flag_clear(&lookup->is_let_go);
    (void)snprintf(lookup->service, sizeof lookup->service, "%u", port);
    if (resolve(lookup, AI_NUMERICHOST | AI_NUMERICSERV)) {
        loop_defer(loop, &lookup->end, on_end_due);
        return lookup;
    }
    error_clear(&lookup->err);
    lookup->pool = worker_pool_create(loop, "udp-lookup", 1, 1);
    if (!worker_pool_submit(lookup->pool, &lookup->item, &lookup->err))
        loop_defer(loop, &lookup->end, on_end_due);
    return lookup;
}

void udp_lookup_cancel(struct udp_lookup *lookup) {
    if (lookup == NULL)
        return;
    bool has_ended = worker_pool_destroy_within(lookup->pool, 0);
    loop_defer_cancel(lookup->loop, &lookup->end);
    if (has_ended || atomic_flag_test_and_set(&lookup->is_let_go))
        lookup_free(lookup);
}

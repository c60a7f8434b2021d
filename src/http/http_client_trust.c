// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/http_client_trust_internal.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/worker_pool.h"
#include "tls/tls_thread.h"
#include "tls/trust_store.h"

#define CHECK_INTERVAL_NS (5 * NS_PER_S)

// What the worker needs. It may hang in a file system, and then outlives the trust.
struct loader {
    struct work_item item;
    struct client_trust *trust; // used in the loop
    atomic_flag is_let_go;      // set by the worker and by client_trust_destroy(); the second of them frees the loader
    // Used by the worker until it is done.
    char *file, *directories;
    struct trust_store *store;   // the last one; NULL before the first
    struct tls_context *context; // a new one; NULL if nothing has changed
    struct error err;
};

struct client_trust {
    struct loop *loop;
    struct worker_pool *pool;
    struct loader *loader;
    struct tls_context *context; // NULL until it is loaded
    struct list waits;           // trust_wait.link
    struct deferred report;
    int64_t checked_ns; // time of the loop
    bool is_loading;
    struct error failure; // of the last load, if it has failed
};

// --- the worker ---

static void loader_free(struct loader *loader) {
    trust_store_destroy(loader->store);
    tls_context_release(loader->context);
    error_clear(&loader->err);
    free(loader->file);
    free(loader->directories);
    free(loader);
}

static bool load(struct loader *loader, struct error *err) {
    struct trust_store *store;
    if (!trust_store_load(loader->file, loader->directories, &store, err))
        return false;
    if (!tls_context_create_client(&(const struct tls_client_spec){.trust = store}, &loader->context, err)) {
        trust_store_destroy(store);
        return false;
    }
    trust_store_destroy(loader->store);
    loader->store = store;
    return true;
}

static void loader_work(struct work_item *item) {
    struct loader *loader = CONTAINER_OF(item, struct loader, item);
    if (loader->store == NULL || trust_store_is_outdated(loader->store))
        (void)load(loader, &loader->err);
    if (atomic_flag_test_and_set(&loader->is_let_go))
        loader_free(loader);
    tls_thread_release();
}

// --- the loop ---

static void report(struct client_trust *trust) {
    AUTO_ERROR struct error err = {0};
    if (trust->context == NULL)
        (void)error_set(&err, ERROR_CONNECTION,
                        "tls: failed to verify certificate: x509: failed to load system roots and no roots provided; "
                        "%s",
                        error_text(&trust->failure));
    while (!list_is_empty(&trust->waits)) {
        struct trust_wait *wait = LIST_ITEM(trust->waits.next, struct trust_wait, link);
        list_remove(&wait->link);
        wait->on_loaded(wait, trust->context == NULL ? &err : NULL);
    }
}

static void on_report_due(struct deferred *deferred) {
    struct client_trust *trust = CONTAINER_OF(deferred, struct client_trust, report);
    if (trust->context != NULL || !trust->is_loading)
        report(trust);
}

// If the files have become unreadable, what was loaded before is kept, and the next check tries again.
static void loader_done(struct work_item *item) {
    struct loader *loader = CONTAINER_OF(item, struct loader, item);
    struct client_trust *trust = loader->trust;
    trust->is_loading = false;
    trust->checked_ns = loop_now_ns(trust->loop);
    (void)error_move(&trust->failure, &loader->err);
    if (loader->context != NULL) {
        tls_context_release(trust->context);
        trust->context = TAKE(loader->context);
    }
    report(trust);
}

static void start(struct client_trust *trust) {
    atomic_flag_clear(&trust->loader->is_let_go);
    trust->checked_ns = loop_now_ns(trust->loop);
    trust->is_loading = worker_pool_submit(trust->pool, &trust->loader->item, &trust->failure);
    if (!trust->is_loading)
        loop_defer(trust->loop, &trust->report, on_report_due);
}

void client_trust_wait(struct client_trust *trust, struct trust_wait *wait, trust_loaded_fn on_loaded) {
    wait->on_loaded = on_loaded;
    list_add(&trust->waits, &wait->link);
    if (trust->context != NULL)
        loop_defer(trust->loop, &trust->report, on_report_due);
    else if (!trust->is_loading)
        start(trust);
}

void client_trust_wait_cancel(struct trust_wait *wait) {
    if (list_is_linked(&wait->link))
        list_remove(&wait->link);
}

bool client_trust_create_engine(struct client_trust *trust, const char *host, struct tls_engine **engine,
                                struct error *err) {
    if (!trust->is_loading && loop_now_ns(trust->loop) - trust->checked_ns >= CHECK_INTERVAL_NS)
        start(trust);
    return tls_engine_create(trust->context, host, engine, err);
}

static char *environment_copy(const char *name) {
    const char *value = getenv(name);
    return value != NULL ? memory_string(value) : NULL;
}

struct client_trust *client_trust_create(struct loop *loop) {
    struct client_trust *trust = memory_new(sizeof *trust);
    struct loader *loader = memory_new(sizeof *loader);
    loader->item = (struct work_item){.work = loader_work, .done = loader_done};
    loader->trust = trust;
    loader->file = environment_copy("SSL_CERT_FILE");
    loader->directories = environment_copy("SSL_CERT_DIR");
    trust->loop = loop;
    trust->pool = worker_pool_create(loop, "trust", 1, 1);
    trust->loader = loader;
    list_init(&trust->waits);
    return trust;
}

void client_trust_destroy(struct client_trust *trust) {
    if (trust == NULL)
        return;
    bool has_ended = worker_pool_destroy_within(trust->pool, 0);
    loop_defer_cancel(trust->loop, &trust->report);
    if (has_ended || atomic_flag_test_and_set(&trust->loader->is_let_go))
        loader_free(trust->loader);
    tls_context_release(trust->context);
    error_clear(&trust->failure);
    free(trust);
}

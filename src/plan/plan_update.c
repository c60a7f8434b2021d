// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/plan_update.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/memory.h"
#include "loop/worker_pool.h"
#include "plan/plan_store_internal.h"

#define WAITING_MAX 64
// What a byte of a layer with many small services takes while it is parsed and combined, and a service of the layers
// that it is combined with.
#define MEMORY_PER_BYTE 32
#define MEMORY_PER_ENTRY 2048

struct plan_updater {
    struct plan_store *store;
    struct worker_pool *pool;
    struct list waiting; // update.link
    size_t waiting_count;
    struct update *running; // in the worker; NULL: none
    bool is_closing;
};

// While the worker uses it, the loop does not access it, and does not modify the store.
struct update {
    struct list link;
    struct work_item item;
    struct plan_updater *updater;
    plan_updated_fn on_updated;
    void *data;
    char *label;
    char *text;
    size_t length;
    struct plan_placement placement;
    struct text_list warnings;
    bool is_parsed;
    struct plan_candidate candidate;
    struct error err;
};

static void update_destroy(struct update *update) {
    plan_candidate_finish(&update->candidate);
    error_clear(&update->err);
    text_list_clear(&update->warnings);
    free(update->label);
    free(update->text);
    free(update);
}

static void update_run(struct work_item *item) {
    struct update *update = CONTAINER_OF(item, struct update, item);
    struct layer *layer = NULL;
    struct error *err = &update->err;
    // Small allocations must not fail, so a layer that is too large for what is left is refused beforehand.
    size_t size =
        update->length * MEMORY_PER_BYTE + plan_store_count_entries(update->updater->store) * MEMORY_PER_ENTRY;
    if (!memory_has_room(size)) {
        (void)error_set(err, ERROR_UNAVAILABLE, "cannot add layer: no memory for %zu bytes of YAML", update->length);
        return;
    }
    if (!layer_parse(0, update->label, update->text, update->length, &layer, err)) {
        if (err->kind != ERROR_INTERNAL)
            err->kind = ERROR_BAD_REQUEST;
        (void)error_prefix(err, "cannot parse layer YAML: ");
        return;
    }
    update->is_parsed = true;
    text_list_copy(&update->warnings, &layer->warnings);
    (void)!plan_store_prepare(update->updater->store, layer, update->placement, &update->candidate, err);
}

static void report(struct update *update) {
    struct plan_update_result result = {
        .label = update->label,
        .warnings = update->is_parsed ? &update->warnings : NULL,
        .err = error_is_set(&update->err) ? &update->err : NULL,
    };
    update->on_updated(&result, update->data);
}

static void finish(struct update *update) {
    struct plan_updater *updater = update->updater;
    if (updater->is_closing) {
        error_clear(&update->err);
        (void)error_set(&update->err, ERROR_CANCELLED, "cannot add layer: the daemon is stopping");
    } else if (!error_is_set(&update->err)) {
        plan_store_commit(updater->store, &update->candidate);
    }
    report(update);
    update_destroy(update);
}

// The store does not change until the worker is done.
static bool start(struct plan_updater *updater, struct update *update, struct error *err) {
    if (!worker_pool_submit(updater->pool, &update->item, err))
        return false;
    updater->running = update;
    return true;
}

static void on_update_done(struct work_item *item) {
    struct update *update = CONTAINER_OF(item, struct update, item);
    struct plan_updater *updater = update->updater;
    updater->running = NULL;
    finish(update);
    while (updater->running == NULL && !list_is_empty(&updater->waiting)) {
        struct update *next = LIST_ITEM(updater->waiting.next, struct update, link);
        list_remove(&next->link);
        updater->waiting_count--;
        if (updater->is_closing || !start(updater, next, &next->err))
            finish(next);
    }
}

struct plan_updater *plan_updater_create(struct loop *loop, struct plan_store *store) {
    struct plan_updater *updater = memory_new(sizeof *updater);
    updater->store = store;
    updater->pool = worker_pool_create(loop, "layers", 1, 1);
    list_init(&updater->waiting);
    return updater;
}

void plan_updater_destroy(struct plan_updater *updater) {
    if (updater == NULL)
        return;
    updater->is_closing = true;
    worker_pool_destroy(updater->pool); // on_update_done() fails those that wait
    free(updater);
}

// With the NULs of the text (TEXT_NUL), which no YAML may have. Returns the length.
static size_t copy_text(char *out, const char *text, size_t length) {
    size_t copied = 0;
    for (const char *end = text + length; text < end;) {
        const char *nul = memmem(text, (size_t)(end - text), TEXT_NUL, 2);
        size_t part = (size_t)((nul != NULL ? nul : end) - text);
        memcpy(out + copied, text, part);
        copied += part;
        if (nul != NULL)
            out[copied++] = '\0';
        text += part + (nul != NULL ? 2 : 0);
    }
    return copied;
}

static struct update *update_create(struct plan_updater *updater, const struct plan_update_request *request) {
    AUTO_FREE char *text = memory_try(request->length + 1);
    if (text == NULL)
        return NULL;
    size_t length = copy_text(text, request->text, request->length);
    struct update *update = memory_new(sizeof *update);
    update->item = (struct work_item){.work = update_run, .done = on_update_done};
    update->updater = updater;
    update->label = memory_string(request->label);
    update->text = TAKE(text);
    update->length = length;
    update->placement = request->placement;
    return update;
}

bool plan_updater_add_layer(struct plan_updater *updater, const struct plan_update_request *request,
                            plan_updated_fn on_updated, void *data, struct error *err) {
    if (updater->is_closing || updater->waiting_count >= WAITING_MAX)
        return error_set(err, ERROR_UNAVAILABLE, "cannot add layer: too many layers are being added");
    struct update *update = update_create(updater, request);
    if (update == NULL)
        return error_set(err, ERROR_UNAVAILABLE, "cannot add layer: no memory for %zu bytes", request->length);
    update->on_updated = on_updated;
    update->data = data;
    if (updater->running == NULL && list_is_empty(&updater->waiting)) {
        if (start(updater, update, err))
            return true;
        update_destroy(update);
        return false;
    }
    list_add(&updater->waiting, &update->link);
    updater->waiting_count++;
    return true;
}

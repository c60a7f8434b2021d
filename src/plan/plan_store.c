// SPDX-License-Identifier: GPL-3.0-or-later
#include "plan/plan_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/nearest.h"
#include "plan/content_internal.h"
#include "plan/plan_store_internal.h"

#define ARGUMENTS_LABEL "pebble-service-args"

struct plan_store {
    char *directory;
    struct layer_list layers;
    struct text_list warnings;
    struct plan *plan;
    struct event changed;
    bool is_frozen;
};

struct plan_store *plan_store_create(const char *layers_directory) {
    struct plan_store *store = memory_new(sizeof *store);
    store->directory = memory_string(layers_directory);
    event_init(&store->changed);
    return store;
}

void plan_store_destroy(struct plan_store *store) {
    if (store == NULL)
        return;
    layers_clear(&store->layers);
    text_list_clear(&store->warnings);
    plan_release(store->plan);
    free(store->directory);
    free(store);
}

struct plan *plan_store_current(struct plan_store *store) {
    return store->plan;
}

struct event *plan_store_changed(struct plan_store *store) {
    return &store->changed;
}

const struct text_list *plan_store_warnings(const struct plan_store *store) {
    return &store->warnings;
}

void plan_store_freeze(struct plan_store *store) {
    store->is_frozen = true;
}

static void set_plan(struct plan_store *store, struct plan *plan) {
    plan_release(store->plan);
    store->plan = plan;
    event_emit(&store->changed, plan);
}

bool plan_store_load(struct plan_store *store, struct error *err) {
    AUTO_LAYERS struct layer_list layers = {0};
    struct plan *plan = NULL;
    if (!layers_read(store->directory, &layers, err) || !plan_combine(&layers, &plan, err))
        return false;
    text_list_copy(&store->warnings, &layers.warnings);
    text_list_clear(&layers.warnings);
    for (size_t i = 0; i < layers.count; i++)
        text_list_add_list(&store->warnings, &layers.items[i]->warnings);
    layers_clear(&store->layers);
    store->layers = layers;
    layers = (struct layer_list){0};
    set_plan(store, plan);
    return true;
}

static bool workloads_equal(const struct plan *a, const struct plan *b) {
    if (a->content.workloads.count != b->content.workloads.count)
        return false;
    const struct map *workloads = &a->content.workloads;
    for (const struct map_entry *e = map_first(workloads); e != NULL; e = map_next(workloads, e)) {
        if (!plan_workload_equal(e->value, plan_find_workload(b, e->key)))
            return false;
    }
    return true;
}

// Copies the list, not its layers.
static struct layer_list list_copy(const struct layer_list *layers) {
    struct layer_list copy = {0};
    for (size_t i = 0; i < layers->count; i++)
        layers_add(&copy, layers->items[i]);
    return copy;
}

// Sets the candidate's plan. On failure the array of the list is freed, but not its layers.
static bool combine_candidate(const struct plan_store *store, struct plan_candidate *candidate, struct error *err) {
    struct plan *plan = NULL;
    bool is_valid = plan_combine(&candidate->layers, &plan, err);
    if (is_valid && store->is_frozen && !workloads_equal(store->plan, plan)) {
        plan_release(plan);
        is_valid = error_set(err, ERROR_BAD_REQUEST, "cannot change immutable section \"workloads\"");
    }
    if (!is_valid) {
        free(candidate->layers.items);
        return false;
    }
    candidate->plan = plan;
    return true;
}

// The length of the directory in a label, which is the part before "/" or all of it.
static size_t directory_length(const char *label) {
    return strcspn(label, "/");
}

static bool is_same_directory(const char *a, const char *b) {
    size_t length = directory_length(a);
    return length == directory_length(b) && memcmp(a, b, length) == 0;
}

// The index of a layer with a new label: after the others of its directory, or after all layers.
static size_t choose_place(const struct layer_list *layers, const char *label, int64_t *order) {
    for (size_t i = layers->count; i > 0; i--) {
        if (is_same_directory(layers->items[i - 1]->label, label)) {
            *order = layers->items[i - 1]->order + 1;
            return i;
        }
    }
    int64_t last = layers->count == 0 ? 0 : layers->items[layers->count - 1]->order;
    *order = (last / ORDERS_PER_DIRECTORY + 1) * ORDERS_PER_DIRECTORY;
    *order += label[directory_length(label)] == '/';
    return layers->count;
}

// Takes ownership of the layer on success only.
static bool insert_layer(const struct plan_store *store, struct layer *layer, bool inner,
                         struct plan_candidate *candidate, struct error *err) {
    int64_t order = 0;
    size_t place = choose_place(&store->layers, layer->label, &order);
    if (place != store->layers.count && !inner)
        return error_set(err, ERROR_INTERNAL, "cannot insert sub-directory layer without 'inner' attribute set");
    struct layer_list layers = list_copy(&store->layers);
    layers_add(&layers, layer);
    memmove(&layers.items[place + 1], &layers.items[place], (layers.count - 1 - place) * sizeof(struct layer *));
    layers.items[place] = layer;
    layer->order = order;
    *candidate = (struct plan_candidate){.layers = layers, .added = layer};
    return combine_candidate(store, candidate, err);
}

static bool combine_layer(const struct plan_store *store, size_t index, const struct layer *layer,
                          struct plan_candidate *candidate, struct error *err) {
    struct layer *old = store->layers.items[index];
    AUTO_LAYER struct layer *combined = memory_new(sizeof *combined);
    content_init(&combined->content);
    combined->order = old->order;
    combined->label = memory_string(old->label);
    combined->summary = layer->summary == NULL ? NULL : memory_string(layer->summary);
    combined->description = layer->description == NULL ? NULL : memory_string(layer->description);
    AUTO_DIAGNOSTICS struct diagnostics diagnostics = {0};
    content_combine(&combined->content, (struct layer *const[]){old, (struct layer *)(uintptr_t)layer}, 2,
                    &diagnostics);
    if (!diagnostics_report(&diagnostics, err))
        return false;
    *candidate = (struct plan_candidate){.layers = list_copy(&store->layers), .added = combined, .replaced = old};
    candidate->layers.items[index] = combined;
    if (!combine_candidate(store, candidate, err))
        return false;
    combined = NULL;
    return true;
}

size_t plan_store_count_entries(const struct plan_store *store) {
    size_t count = 0;
    for (size_t i = 0; i < store->layers.count; i++) {
        for (size_t k = 0; k < SECTION_COUNT; k++)
            count += section_map_const(&store->layers.items[i]->content, &sections[k])->count;
    }
    return count;
}

bool plan_store_prepare(const struct plan_store *store, struct layer *layer, struct plan_placement placement,
                        struct plan_candidate *candidate, struct error *err) {
    AUTO_LAYER struct layer *added = layer;
    struct plan_candidate prepared = {0};
    for (size_t i = 0; i < store->layers.count; i++) {
        if (strcmp(store->layers.items[i]->label, added->label) != 0)
            continue;
        if (placement.combine) {
            if (!combine_layer(store, i, added, &prepared, err))
                return false;
            *candidate = prepared;
            return true;
        }
        AUTO_FREE char *label = text_quoted(added->label);
        return error_set(err, ERROR_BAD_REQUEST, "layer %s already exists", label);
    }
    if (!insert_layer(store, added, placement.inner, &prepared, err))
        return false;
    added = NULL;
    *candidate = prepared;
    return true;
}

void plan_store_commit(struct plan_store *store, struct plan_candidate *candidate) {
    free(store->layers.items);
    store->layers = candidate->layers;
    layer_destroy(candidate->replaced);
    set_plan(store, candidate->plan);
    *candidate = (struct plan_candidate){0};
}

void plan_candidate_finish(struct plan_candidate *candidate) {
    if (candidate->plan == NULL)
        return;
    free(candidate->layers.items);
    layer_destroy(candidate->added);
    plan_release(candidate->plan);
    *candidate = (struct plan_candidate){0};
}

bool plan_store_add(struct plan_store *store, struct layer *layer, struct plan_placement placement, struct error *err) {
    struct plan_candidate candidate = {0};
    if (!plan_store_prepare(store, layer, placement, &candidate, err))
        return false;
    plan_store_commit(store, &candidate);
    return true;
}

static bool refuse_service(const struct plan *plan, const char *name, struct error *err) {
    struct nearest nearest;
    AUTO_FREE char *quoted = text_quoted(name);
    AUTO_FREE struct map_entry **entries = map_sorted(&plan->content.services);
    nearest_init(&nearest, name);
    for (size_t i = 0; entries[i] != NULL; i++)
        nearest_try(&nearest, entries[i]->key);
    (void)error_set(err, ERROR_BAD_REQUEST, "service %s not found in plan", quoted);
    return nearest_advise(&nearest, "", err);
}

static bool add_arguments(const struct plan *plan, const char *name, const struct text_list *arguments,
                          struct layer *layer, struct error *err) {
    const struct plan_service *service = plan_find_service(plan, name);
    if (service == NULL)
        return refuse_service(plan, name, err);
    AUTO_TEXT_LIST struct text_list base = {0}, defaults = {0};
    if (!plan_service_command(service, &base, &defaults, err))
        return false;
    struct plan_service *changed = record_create(&record_service);
    changed->name = memory_string(name);
    changed->override = OVERRIDE_MERGE;
    changed->command = plan_command_with_arguments(&base, arguments);
    map_set(&layer->content.services, name, changed);
    return true;
}

bool plan_store_set_arguments(struct plan_store *store, const struct map *services, struct error *err) {
    AUTO_LAYER struct layer *layer = memory_new(sizeof *layer);
    content_init(&layer->content);
    layer->label = memory_string(ARGUMENTS_LABEL);
    AUTO_FREE struct map_entry **entries = map_sorted(services);
    for (size_t i = 0; entries[i] != NULL; i++) {
        if (!add_arguments(store->plan, entries[i]->key, entries[i]->value, layer, err))
            return false;
    }
    return plan_store_add(store, TAKE(layer), (struct plan_placement){0}, err);
}

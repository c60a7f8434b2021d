// SPDX-License-Identifier: GPL-3.0-or-later
// Creates and frees layers and their content. Declared in plan/plan.h and plan/content_internal.h.
#include "plan/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "plan/content_internal.h"

#define MAP_AT(member) .map_offset = offsetof(struct plan_content, member)

const struct section sections[SECTION_COUNT] = {
    [SECTION_SERVICES] = {"services", "service", "map[string]*plan.Service", MAP_AT(services), &record_service},
    [SECTION_CHECKS] = {"checks", "check", "map[string]*plan.Check", MAP_AT(checks), &record_check},
    [SECTION_LOG_TARGETS] = {"log-targets", "log target", "map[string]*plan.LogTarget", MAP_AT(log_targets),
                             &record_log_target},
    [SECTION_WORKLOADS] = {"workloads", "workload", "workloads.WorkloadsSection", MAP_AT(workloads), &record_workload},
};

const struct section *section_find(const char *name) {
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        if (strcmp(sections[i].name, name) == 0)
            return &sections[i];
    }
    return NULL;
}

struct map *section_map(struct plan_content *content, const struct section *section) {
    return (struct map *)(void *)((char *)content + section->map_offset);
}

const struct map *section_map_const(const struct plan_content *content, const struct section *section) {
    return (const struct map *)(const void *)((const char *)content + section->map_offset);
}

static void destroy_service(void *service) {
    plan_service_release(service);
}

static void destroy_check(void *check) {
    record_destroy(&record_check, check);
}

static void destroy_log_target(void *target) {
    record_destroy(&record_log_target, target);
}

static void destroy_workload(void *workload) {
    record_destroy(&record_workload, workload);
}

void content_init(struct plan_content *content) {
    map_init(&content->services, destroy_service);
    map_init(&content->checks, destroy_check);
    map_init(&content->log_targets, destroy_log_target);
    map_init(&content->workloads, destroy_workload);
    content->pairing = PAIRING_UNSET;
}

void content_finish(struct plan_content *content) {
    for (size_t i = 0; i < SECTION_COUNT; i++)
        map_finish(section_map(content, &sections[i]));
}

void layer_destroy(struct layer *layer) {
    if (layer == NULL)
        return;
    free(layer->label);
    free(layer->summary);
    free(layer->description);
    text_list_clear(&layer->warnings);
    content_finish(&layer->content);
    free(layer);
}

void layer_destroy_at(struct layer **layer) {
    layer_destroy(*layer);
    *layer = NULL;
}

void layers_add(struct layer_list *layers, struct layer *layer) {
    layers->items = memory_grow(layers->items, &layers->capacity, layers->count + 1, sizeof(struct layer *));
    layers->items[layers->count++] = layer;
}

void layers_clear(struct layer_list *layers) {
    for (size_t i = 0; i < layers->count; i++)
        layer_destroy(layers->items[i]);
    free(layers->items);
    text_list_clear(&layers->warnings);
    *layers = (struct layer_list){0};
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Private to plan/: the content of layers and plans, and its sections of named entries.
#pragma once

#include "base/compiler.h"
#include "plan/diagnostics_internal.h"
#include "plan/plan.h"
#include "plan/record_internal.h"

#include <stddef.h>

// The order of a layer is the number of its entry in the layers directory times this, plus its number in a
// sub-directory.
#define ORDERS_PER_DIRECTORY 1000

struct section {
    const char *name;     // in a layer
    const char *noun;     // of one entry, in messages
    const char *map_type; // Pebble's name of it, in messages
    size_t map_offset;    // of its map in struct plan_content
    const struct record *record;
};
enum { SECTION_SERVICES, SECTION_CHECKS, SECTION_LOG_TARGETS, SECTION_WORKLOADS, SECTION_COUNT };
// In the order of a written plan.
extern const struct section sections[SECTION_COUNT];

const struct section *section_find(const char *name); // NULL when unknown
struct map *section_map(struct plan_content *content, const struct section *section);
const struct map *section_map_const(const struct plan_content *content, const struct section *section);

void content_init(struct plan_content *content);
void content_finish(struct plan_content *content);
#define AUTO_CONTENT CLEANUP(content_finish)

// combine.c: combines the contents of layers, later ones over earlier ones, and fills in defaults. `content` must have
// been initialised with content_init(). Adds diagnostics for entries whose override is missing or wrong.
void content_combine(struct plan_content *content, struct layer *const *layers, size_t count,
                     struct diagnostics *diagnostics);
// plan_validate.c: checks the combined content.
void content_validate(const struct plan_content *content, struct diagnostics *diagnostics);
// layer_validate.c: checks a single layer. `root` is the tree from which it was read.
struct yaml_node;
void layer_validate(const struct layer *layer, const struct yaml_node *root, struct diagnostics *diagnostics);
// service_validate.c: checks the keys of services beyond Pebble's, of one in a layer, and of all in the combined
// content.
struct plan_service;
void service_validate(const char *quoted_name, const struct plan_service *service, const struct yaml_node *entry,
                      struct diagnostics *diagnostics);
void services_validate(const struct plan_content *content, struct diagnostics *diagnostics);
// order.c: adds a diagnostic for each loop of before and after.
void content_find_loops(const struct plan_content *content, struct diagnostics *diagnostics);

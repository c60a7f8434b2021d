// SPDX-License-Identifier: GPL-3.0-or-later
// Private to plan/: the sections that hold named entries, and what layers and plans share.
#pragma once

#include "base/compiler.h"
#include "plan/diagnostics_internal.h"
#include "plan/plan.h"
#include "plan/record_internal.h"

#include <stddef.h>

// Numbers of layers: an entry of the layers directory counts this much, so that a directory's files fit in between.
#define ORDERS_PER_DIRECTORY 1000

struct section {
    const char *name;     // in a layer
    const char *noun;     // of one entry, in messages
    const char *map_type; // in messages: as the reference names it
    size_t map_offset;    // of its map in struct plan_content
    const struct record *record;
};
enum { SECTION_SERVICES, SECTION_CHECKS, SECTION_LOG_TARGETS, SECTION_WORKLOADS, SECTION_COUNT };
// In the order in which a plan shows them.
extern const struct section sections[SECTION_COUNT];

const struct section *section_find(const char *name); // NULL when unknown
struct map *section_map(struct plan_content *content, const struct section *section);
const struct map *section_map_const(const struct plan_content *content, const struct section *section);

void content_init(struct plan_content *content);
void content_finish(struct plan_content *content);
#define AUTO_CONTENT CLEANUP(content_finish)

// combine.c: one content out of several, later layers over earlier ones, with defaults filled in. `content` is
// one that content_init() has set up. Entries whose override is missing or wrong are diagnostics.
void content_combine(struct plan_content *content, struct layer *const *layers, size_t count,
                     struct diagnostics *diagnostics);
// plan_validate.c: what can only be seen when all layers are together.
void content_validate(const struct plan_content *content, struct diagnostics *diagnostics);
// layer_validate.c: what one layer may not say by itself. `root` is the tree it was read from.
struct yaml_node;
void layer_validate(const struct layer *layer, const struct yaml_node *root, struct diagnostics *diagnostics);
// order.c: adds a fault for each loop of before and after.
void content_find_loops(const struct plan_content *content, struct diagnostics *diagnostics);

// SPDX-License-Identifier: GPL-3.0-or-later
// The live plan and its layers: loaded once at start, changed through the API. What does not combine or
// validate changes nothing. Emits an event for each new plan.
#pragma once

#include "base/event.h"
#include "plan/plan.h"

struct plan_store;

struct plan_store *plan_store_create(const char *layers_directory) __attribute__((returns_nonnull));
void plan_store_destroy(struct plan_store *store);
// Reads the layers directory; the caller puts "cannot load plan: " in front of a fault.
bool plan_store_load(struct plan_store *store, struct error *err) NODISCARD;
// What is to be logged about the layers that were loaded. Borrowed.
const struct text_list *plan_store_warnings(const struct plan_store *store);
struct plan *plan_store_current(struct plan_store *store);  // borrowed; never NULL after a load
struct event *plan_store_changed(struct plan_store *store); // argument: struct plan *, after it became current

struct plan_placement {
    bool combine; // merge into the layer of that label, if there is one
    bool inner;   // allow an insertion that is not last
};
// Adds a layer at once; docs/plan.md says where it goes. Takes the layer over in any case. For start-up and tests:
// the API adds layers with plan_update.h, and only one of the two may be in use at a time.
bool plan_store_add(struct plan_store *store, struct layer *layer, struct plan_placement placement,
                    struct error *err) NODISCARD;
// `run --args`: a layer "pebble-service-args" on top that gives services other arguments. `services` maps a
// name to a struct text_list * of arguments. Unknown: `service "x" not found in plan`.
bool plan_store_set_arguments(struct plan_store *store, const struct map *services, struct error *err) NODISCARD;
// Once the daemon runs, workloads are immutable: `cannot change immutable section "workloads"`.
void plan_store_freeze(struct plan_store *store);

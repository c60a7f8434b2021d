// SPDX-License-Identifier: GPL-3.0-or-later
// The current plan and its layers: loaded once at start, changed through the API. A layer that cannot be combined, or
// whose plan is not valid, changes nothing. Emits an event for each new plan.
#pragma once

#include "base/event.h"
#include "plan/plan.h"

struct plan_store;

struct plan_store *plan_store_create(const char *layers_directory) __attribute__((returns_nonnull));
void plan_store_destroy(struct plan_store *store);
// Reads the layers directory. The caller prefixes errors with "cannot load plan: ".
bool plan_store_load(struct plan_store *store, struct error *err) NODISCARD;
// Warnings about the loaded layers, to be logged. Borrowed.
const struct text_list *plan_store_warnings(const struct plan_store *store);
struct plan *plan_store_current(struct plan_store *store);  // borrowed; never NULL after a load
struct event *plan_store_changed(struct plan_store *store); // argument: struct plan *, the current one

struct plan_placement {
    bool combine; // merge into the layer of that label, if there is one
    bool inner;   // allow an insertion that is not last
};
// Adds a layer at once, at the place that docs/internals/plan.md describes. Takes ownership of the layer, also on
// failure. For start-up and tests: must not be called while plan_update.h is in use.
bool plan_store_add(struct plan_store *store, struct layer *layer, struct plan_placement placement,
                    struct error *err) NODISCARD;
// `run --args`: adds a layer "pebble-service-args" that replaces the arguments of services. `services`: name -> struct
// text_list *. Unknown service: `service "x" not found in plan`.
bool plan_store_set_arguments(struct plan_store *store, const struct map *services, struct error *err) NODISCARD;
// Makes workloads immutable, once the daemon runs: `cannot change immutable section "workloads"`.
void plan_store_freeze(struct plan_store *store);

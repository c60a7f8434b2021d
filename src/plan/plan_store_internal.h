// SPDX-License-Identifier: GPL-3.0-or-later
// Private to plan/: an update of the store in two steps, the first of which may run in a worker.
#pragma once

#include "plan/plan_store.h"

// The store's layers with another one, and their plan. All zero: none.
struct plan_candidate {
    struct layer_list layers; // the array is owned; its layers are the store's, but for `added`
    struct layer *added;
    struct layer *replaced; // the store's layer that `added` replaces, or NULL
    struct plan *plan;
};

size_t plan_store_count_entries(const struct plan_store *store); // services, checks and so on, in all layers
// Does not modify the store. Takes ownership of the layer, also on failure.
bool plan_store_prepare(const struct plan_store *store, struct layer *layer, struct plan_placement placement,
                        struct plan_candidate *candidate, struct error *err) NODISCARD;
// Moves the candidate into the store, which must not have changed since plan_store_prepare().
void plan_store_commit(struct plan_store *store, struct plan_candidate *candidate);
void plan_candidate_finish(struct plan_candidate *candidate); // frees one that was not committed

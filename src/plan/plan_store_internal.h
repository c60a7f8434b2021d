// SPDX-License-Identifier: GPL-3.0-or-later
// Private to plan/: a change of the store in two steps, of which the first may run in a worker.
#pragma once

#include "plan/plan_store.h"

// What the store would hold with one layer more, combined and validated. All zero: nothing.
struct plan_candidate {
    struct layer_list layers; // the array is owned; its layers are the store's, but for `added`
    struct layer *added;
    struct layer *replaced; // the store's layer that `added` stands in for, or NULL
    struct plan *plan;
};

// Reads the store and changes nothing in it. Takes the layer over in any case.
bool plan_store_prepare(const struct plan_store *store, struct layer *layer, struct plan_placement placement,
                        struct plan_candidate *candidate, struct error *err) NODISCARD;
// Makes the candidate the store's own. The store must not have changed since plan_store_prepare().
void plan_store_commit(struct plan_store *store, struct plan_candidate *candidate);
void plan_candidate_finish(struct plan_candidate *candidate); // drops one that is not committed

// SPDX-License-Identifier: GPL-3.0-or-later
// Adds layers while the daemon runs. A text may have megabytes, and validation looks up accounts: a worker parses,
// combines and validates, and the loop only exchanges the plan. Updates run one after the other, in the order of the
// requests.
#pragma once

#include "loop/loop.h"
#include "plan/plan_store.h"

struct plan_updater;

struct plan_updater *plan_updater_create(struct loop *loop, struct plan_store *store) __attribute__((returns_nonnull));
// Waits for the running update. It and those that wait are reported as ERROR_CANCELLED. NULL is fine.
void plan_updater_destroy(struct plan_updater *updater);

struct plan_update_request {
    const char *label;
    const char *text; // one layer as YAML
    size_t length;
    struct plan_placement placement;
};
struct plan_update_result {
    const char *label;
    const struct text_list *warnings; // to be logged; NULL unless the text could be parsed
    const struct error *err;          // NULL on success
};
// Called once, from the loop. What `result` points to is borrowed for the call.
typedef void (*plan_updated_fn)(const struct plan_update_result *result, void *data);

// Adds a layer like plan_store_add(). Copies the request. ERROR_UNAVAILABLE, without a callback, if there is no memory
// for the text or if 64 updates wait; with one, if there is none for what is in it. A text that cannot be parsed is
// reported as `cannot parse layer YAML: ...`.
bool plan_updater_add_layer(struct plan_updater *updater, const struct plan_update_request *request,
                            plan_updated_fn on_updated, void *data, struct error *err) NODISCARD;

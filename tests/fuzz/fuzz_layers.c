// SPDX-License-Identifier: GPL-3.0-or-later
// Two layers, divided by a line "====": the second is added on top of the first, then combined with it. What is
// refused must leave the plan as it was, and a plan that is written must read back as the same.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "plan/plan_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *plan_text(const struct plan *plan) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    plan_write_yaml(plan, &text);
    return buffer_take(&text);
}

static void expect(bool holds) {
    if (!holds)
        abort();
}

// Except for a key "<<", which the reference writes without quotes, so that it reads as a merge.
static void read_back(const char *text) {
    if (strstr(text, "<<:") != NULL)
        return;
    AUTO_LAYERS struct layer_list layers = {0};
    struct layer *layer = NULL;
    expect(layer_parse(0, "again", text, strlen(text), &layer, NULL));
    layers_add(&layers, layer);
    struct plan *plan = NULL;
    expect(plan_combine(&layers, &plan, NULL));
    AUTO_FREE char *again = plan_text(plan);
    expect(strcmp(text, again) == 0);
    plan_release(plan);
}

static void order_all(const struct plan *plan) {
    AUTO_TEXT_LIST struct text_list names = {0};
    const struct map *services = &plan->content.services;
    for (const struct map_entry *e = map_first(services); e != NULL; e = map_next(services, e))
        text_list_add(&names, e->key);
    struct plan_lanes start = {0}, stop = {0};
    expect(plan_start_order(plan, &names, NULL, &start, NULL) && plan_stop_order(plan, &names, &stop, NULL));
    size_t started = 0, stopped = 0;
    for (size_t i = 0; i < start.count; i++)
        started += start.items[i].count;
    for (size_t i = 0; i < stop.count; i++)
        stopped += stop.items[i].count;
    expect(started == names.count && stopped == names.count);
    plan_lanes_clear(&start);
    plan_lanes_clear(&stop);
}

static void try_add(struct plan_store *store, const char *label, const uint8_t *data, size_t size, bool combine) {
    AUTO_ERROR struct error err = {0};
    struct layer *layer = NULL;
    if (!layer_parse(0, label, (const char *)data, size, &layer, &err)) {
        expect(layer == NULL && error_is_set(&err));
        return;
    }
    struct plan *before = plan_hold(plan_store_current(store));
    AUTO_FREE char *old = plan_text(before);
    if (plan_store_add(store, layer, (struct plan_placement){.combine = combine}, &err)) {
        AUTO_FREE char *text = plan_text(plan_store_current(store));
        read_back(text);
        order_all(plan_store_current(store));
    } else {
        expect(error_is_set(&err) && plan_store_current(store) == before);
    }
    AUTO_FREE char *same = plan_text(before); // what others hold does not change either
    expect(strcmp(old, same) == 0);
    plan_release(before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char divider[] = "\n====\n";
    const uint8_t *found = memmem(data, size, divider, sizeof divider - 1);
    size_t first = found == NULL ? size : (size_t)(found - data);
    size_t second = found == NULL ? size : first + sizeof divider - 1;
    struct plan_store *store = plan_store_create("/nonexistent/layers");
    expect(plan_store_load(store, NULL));
    try_add(store, "base", data, first, false);
    try_add(store, "base", data + second, size - second, true);
    try_add(store, "dir/top", data + second, size - second, false);
    plan_store_destroy(store);
    return 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// The combined plan and its entries. Declared in plan/plan.h.
#include "plan/plan.h"

#include <stdlib.h>

#include "base/memory.h"
#include "plan/content_internal.h"

bool plan_combine(const struct layer_list *layers, struct plan **plan, struct error *err) {
    AUTO_DIAGNOSTICS struct diagnostics diagnostics = {0};
    struct plan *combined = memory_new(sizeof *combined);
    combined->references = 1;
    content_init(&combined->content);
    content_combine(&combined->content, layers->items, layers->count, &diagnostics);
    if (diagnostics_are_empty(&diagnostics))
        content_validate(&combined->content, &diagnostics);
    if (!diagnostics_report(&diagnostics, err)) {
        plan_release(combined);
        return false;
    }
    *plan = combined;
    return true;
}

struct plan *plan_hold(struct plan *plan) {
    plan->references++;
    return plan;
}

void plan_release(struct plan *plan) {
    if (plan != NULL && --plan->references == 0) {
        content_finish(&plan->content);
        free(plan);
    }
}

const struct plan_service *plan_find_service(const struct plan *plan, const char *name) {
    return map_get(&plan->content.services, name);
}

const struct plan_check *plan_find_check(const struct plan *plan, const char *name) {
    return map_get(&plan->content.checks, name);
}

const struct plan_workload *plan_find_workload(const struct plan *plan, const char *name) {
    return map_get(&plan->content.workloads, name);
}

bool plan_service_equal(const struct plan_service *a, const struct plan_service *b) {
    return record_equal(&record_service, a, b);
}

struct plan_check *plan_check_copy(const struct plan_check *check) {
    return record_copy(&record_check, check);
}

void plan_check_destroy(struct plan_check *check) {
    record_destroy(&record_check, check);
}

bool plan_check_equal(const struct plan_check *a, const struct plan_check *b) {
    return record_equal(&record_check, a, b);
}

struct plan_workload *plan_workload_copy(const struct plan_workload *workload) {
    return record_copy(&record_workload, workload);
}

void plan_workload_destroy(struct plan_workload *workload) {
    record_destroy(&record_workload, workload);
}

bool plan_workload_equal(const struct plan_workload *a, const struct plan_workload *b) {
    return record_equal(&record_workload, a, b);
}

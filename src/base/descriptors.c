// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/descriptors.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"

struct descriptor_budget {
    size_t total; // for all uses together
    size_t share; // of that, kept for each use
    size_t used[DESCRIPTOR_USES];
};

struct descriptor_budget *descriptor_budget_create(size_t limit) {
    struct descriptor_budget *budget = memory_new(sizeof *budget);
    size_t reserved = limit > 2 * DESCRIPTORS_RESERVED ? DESCRIPTORS_RESERVED : limit / 2;
    budget->share = reserved / 4;
    // One use alone comes to `limit - reserved`: it leaves the shares of the two others.
    budget->total = limit - reserved + (DESCRIPTOR_USES - 1) * budget->share;
    return budget;
}

void descriptor_budget_destroy(struct descriptor_budget *budget) {
    free(budget);
}

// What the use holds, or is kept for it.
static size_t claim(const struct descriptor_budget *budget, enum descriptor_use use) {
    return budget->used[use] > budget->share ? budget->used[use] : budget->share;
}

size_t descriptor_budget_left(const struct descriptor_budget *budget, enum descriptor_use use) {
    size_t most = budget->total;
    for (enum descriptor_use other = 0; other < DESCRIPTOR_USES; other++) {
        if (other != use)
            most -= claim(budget, other);
    }
    if (use == DESCRIPTORS_CONNECTIONS && most > DESCRIPTORS_CONNECTIONS_MAX)
        most = DESCRIPTORS_CONNECTIONS_MAX;
    return most - budget->used[use];
}

bool descriptor_budget_take(struct descriptor_budget *budget, enum descriptor_use use, size_t count,
                            struct error *err) {
    if (count > descriptor_budget_left(budget, use)) {
        error_set(err, ERROR_UNAVAILABLE, "%s", error_errno_text(EMFILE));
        if (err != NULL)
            err->errnum = EMFILE;
        return false;
    }
    budget->used[use] += count;
    return true;
}

void descriptor_budget_give_back(struct descriptor_budget *budget, enum descriptor_use use, size_t count) {
    assert(count <= budget->used[use]);
    budget->used[use] -= count;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/file_manager_internal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

// Far more than the machine has processors: threads wait for disks, and some may hang. They are started on demand.
#define WORKERS_MAX 32
#define SHUTDOWN_WAIT_NS NS_PER_S
#define OPERATION_DESCRIPTORS 4 // at most
#define OPERATIONS_MIN ((size_t)4)

// All operations together leave half of the descriptors that files could take to connections and processes, so that
// many transfers that stall do not keep others from being served.
static size_t operations_limit(const struct descriptor_budget *descriptors) {
    size_t limit = descriptor_budget_left(descriptors, DESCRIPTORS_FILES) / OPERATION_DESCRIPTORS / 2;
    if (limit > FILE_OPERATIONS_MAX)
        limit = FILE_OPERATIONS_MAX;
    return limit < OPERATIONS_MIN ? OPERATIONS_MIN : limit;
}

struct file_manager *file_manager_create(struct loop *loop, struct descriptor_budget *descriptors) {
    struct file_manager *manager = memory_new(sizeof *manager);
    manager->loop = loop;
    manager->descriptors = descriptors;
    manager->operation_limit = operations_limit(descriptors);
    // An operation has one work item and, after it, another to clean up.
    manager->pool = worker_pool_create(loop, "files", WORKERS_MAX, 2 * FILE_OPERATIONS_MAX);
    return manager;
}

bool file_manager_destroy(struct file_manager *manager) {
    if (manager == NULL)
        return true;
    // Temporary files are removed by work that is submitted when other work has ended.
    (void)worker_pool_wait(manager->pool, SHUTDOWN_WAIT_NS);
    manager->is_closing = true;
    bool has_ended = worker_pool_destroy_within(manager->pool, 0);
    if (has_ended)
        free(manager);
    return has_ended;
}

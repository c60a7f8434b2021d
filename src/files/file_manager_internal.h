// SPDX-License-Identifier: GPL-3.0-or-later
// Private to files/: the manager, for its operations.
#pragma once

#include "files/file_manager.h"
#include "loop/worker_pool.h"

struct file_manager {
    struct loop *loop;
    struct descriptor_budget *descriptors;
    struct worker_pool *pool;
    size_t operation_count, operation_limit;
    bool is_closing;
};

// SPDX-License-Identifier: LGPL-3.0-or-later
// Declared in data/json_internal.h.
#include "data/json_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "data/json.h"

static _Thread_local bool may_fail;

void json_let_allocations_fail(bool value) {
    may_fail = value;
}

static void *allocate(size_t size) {
    return may_fail ? memory_try(size) : memory_new(size);
}

void json_install_allocator(void) {
    json_set_alloc_funcs(allocate, free);
}

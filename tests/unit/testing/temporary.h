// SPDX-License-Identifier: GPL-3.0-or-later
// A temporary directory for a test.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"

// Owned.
static inline char *temporary_create(void) {
    const char *parent = getenv("TMPDIR");
    char *path = memory_printf("%s/unit-XXXXXX", parent != NULL ? parent : "/tmp");
    assert_non_null(mkdtemp(path));
    return path;
}

// Its files have been removed.
static inline void temporary_remove(char *path) {
    assert_int_equal(rmdir(path), 0);
    free(path);
}

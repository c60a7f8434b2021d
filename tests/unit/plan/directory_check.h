// SPDX-License-Identifier: GPL-3.0-or-later
// A temporary layers directory for a test.
#pragma once

#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "plan_check.h"

static inline int directory_setup(void **state) {
    char path[] = "/tmp/test-plan-XXXXXX";
    *state = mkdtemp(path) == NULL ? NULL : memory_string(path);
    return *state == NULL;
}

static inline int directory_remove(const char *path, const struct stat *status UNUSED, int kind UNUSED,
                                   struct FTW *level UNUSED) {
    return remove(path);
}

static inline int directory_teardown(void **state) {
    int result = nftw(*state, directory_remove, 8, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return result;
}

static inline void directory_add(const char *directory, const char *name, const char *text) {
    AUTO_FREE char *path = path_join(directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static inline void directory_make(const char *directory, const char *name) {
    AUTO_FREE char *path = path_join(directory, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

#define directory_test(function) cmocka_unit_test_setup_teardown(function, directory_setup, directory_teardown)

// SPDX-License-Identifier: GPL-3.0-or-later
// A directory for a test, and files in it. Use folder_set_up() and folder_tear_down() of each test.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

static inline int folder_set_up(void **state) {
    char *path = memory_string("/tmp/test-access-XXXXXX");
    assert_non_null(mkdtemp(path));
    *state = path;
    return 0;
}

static inline int folder_remove(const char *path, const struct stat *status UNUSED, int type UNUSED,
                                struct FTW *walk UNUSED) {
    return remove(path);
}

static inline int folder_tear_down(void **state) {
    assert_int_equal(nftw(*state, folder_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(*state);
    return 0;
}

static inline void file_set(const char *path, const char *text, mode_t mode) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

// Owned.
static inline char *file_text(const char *path) {
    struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_true(file_read(path, &text, NULL));
    return buffer_take(&text);
}

static inline mode_t mode_of(const char *path) {
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return status.st_mode & 07777;
}

// What the directory has in it, separated by blanks. Owned.
static inline char *names_in(const char *path) {
    AUTO_TEXT_LIST struct text_list names = {0};
    assert_true(directory_list(path, &names, NULL));
    return text_list_join(&names, " ");
}

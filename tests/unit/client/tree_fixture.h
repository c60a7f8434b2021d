// SPDX-License-Identifier: GPL-3.0-or-later
// A directory for tests that copy trees, and the failures that they report.
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "with_daemon.h"

struct tree {
    char path[32];
};

static inline void tree_begin(struct tree *tree) {
    (void)snprintf(tree->path, sizeof tree->path, "/tmp/tree-XXXXXX");
    assert_non_null(mkdtemp(tree->path));
}

static inline int on_tree_entry(const char *path, const struct stat *status UNUSED, int flag UNUSED,
                                struct FTW *walk UNUSED) {
    return remove(path);
}

static inline void tree_end(struct tree *tree) {
    assert_int_equal(nftw(tree->path, on_tree_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline char *tree_path(const struct tree *tree, const char *name) {
    return path_join(tree->path, name);
}

static inline void tree_add_file(const struct tree *tree, const char *name, const char *content, mode_t mode) {
    AUTO_FREE char *path = tree_path(tree, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(content, file);
    (void)fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static inline void tree_add_directory(const struct tree *tree, const char *name) {
    AUTO_FREE char *path = tree_path(tree, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static inline void tree_set_mode(const struct tree *tree, const char *name, mode_t mode) {
    AUTO_FREE char *path = tree_path(tree, name);
    assert_int_equal(chmod(path, mode), 0);
}

static inline mode_t tree_mode(const struct tree *tree, const char *name) {
    AUTO_FREE char *path = tree_path(tree, name);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 0777;
}

static inline void tree_assert_file(const struct tree *tree, const char *name, const char *content) {
    AUTO_FREE char *path = tree_path(tree, name);
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_true(file_read(path, &text, NULL));
    assert_string_equal(buffer_text(&text), content);
}

static inline void tree_assert_nothing(const struct tree *tree, const char *name) {
    AUTO_FREE char *path = tree_path(tree, name);
    assert_int_not_equal(access(path, F_OK), 0);
}

struct failures {
    struct buffer text; // "PATH: MESSAGE|"
    bool is_enough;     // the first one ends the copy
};

static inline bool on_path_failed(const char *path, const struct pebble_error *error, void *data) {
    struct failures *failures = data;
    buffer_printf(&failures->text, "%s: %s|", path, error->message);
    return !failures->is_enough;
}

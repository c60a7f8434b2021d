// SPDX-License-Identifier: GPL-3.0-or-later
// Lists a directory, or one file.
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "files/file_manager.h"

#include <stdbool.h>

// A longer list, or one of more entries, is an error.
#define FILE_LIST_LIMIT_BYTES ((size_t)67108864)
#define FILE_LIST_ENTRIES_MAX ((size_t)500000)

struct file_list;

// `entries`: a JSON array, sorted by the bytes of the names. Borrowed, as is `err`, NULL on success.
typedef void (*file_listed_fn)(const struct buffer *entries, const struct error *err, void *data);

struct file_list_spec {
    const char *path;    // absolute; a link is followed
    const char *pattern; // of names (data/path_pattern.h); NULL or "" for all
    bool is_itself;      // a directory, not its content
};
// Calls back once. Copies the spec. Entries that are removed meanwhile are left out.
struct file_list *file_list_start(struct file_manager *manager, const struct file_list_spec *spec,
                                  file_listed_fn on_listed, void *data) __attribute__((returns_nonnull));
void file_list_destroy(struct file_list *list); // NULL is allowed; not called back any more

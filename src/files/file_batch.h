// SPDX-License-Identifier: GPL-3.0-or-later
// Makes directories or removes paths: several of them, one after the other, each with a result of its own.
#pragma once

#include "base/accounts.h"
#include "base/error.h"
#include "files/file_manager.h"

#include <stdbool.h>
#include <stddef.h>

struct file_batch;
typedef void (*file_batch_done_fn)(struct file_batch *batch, void *data);

struct file_batch *file_batch_create(struct file_manager *manager) __attribute__((returns_nonnull));
// Before file_batch_start(): adds an item. Everything is copied.
struct file_directory {
    const char *path;
    const char *permissions; // three octal digits; NULL or "": 755
    struct account_request owner;
    bool makes_parents; // with the same permissions and owner; and an existing directory is no error
};
void file_batch_add_directory(struct file_batch *batch, const struct file_directory *directory);
void file_batch_add_removal(struct file_batch *batch, const char *path, bool is_recursive);
// Calls back once.
void file_batch_start(struct file_batch *batch, file_batch_done_fn on_done, void *data);
// Stops the work after the item, or the file of a tree, that is being removed. Not called back any more. NULL is
// allowed.
void file_batch_destroy(struct file_batch *batch);

// The results, when it is done.
size_t file_batch_count(const struct file_batch *batch);
const char *file_batch_path(const struct file_batch *batch, size_t index);
const struct error *file_batch_error(const struct file_batch *batch, size_t index); // NULL: success

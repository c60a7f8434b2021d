// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/file_batch.h"

#include <stdlib.h>

#include "base/memory.h"
#include "files/file_error_internal.h"
#include "files/make_directory_internal.h"
#include "files/operation_internal.h"
#include "files/permissions_internal.h"
#include "files/remove_path_internal.h"

#define DIRECTORY_MODE 0755

struct batch_item {
    char *path;
    bool (*run)(const struct file_batch *batch, const struct batch_item *item, struct error *err);
    char *permissions; // NULL if not given
    struct file_owner owner;
    bool makes_parents;
    struct error err;
};

struct file_batch {
    struct file_operation operation;
    struct batch_item *items;
    size_t count, capacity;
    file_batch_done_fn on_done;
    void *data;
};

static struct file_batch *batch_of(struct file_operation *operation) {
    return CONTAINER_OF(operation, struct file_batch, operation);
}

// --- in the worker ---

static bool run_directory(const struct file_batch *batch UNUSED, const struct batch_item *item, struct error *err) {
    struct directory_spec spec = {.path = item->path, .makes_parents = item->makes_parents};
    return permissions_parse(item->permissions, DIRECTORY_MODE, &spec.mode, err) &&
           file_owner_resolve(&item->owner, &spec.owner, err) && make_directory(&spec, err);
}

static bool run_removal(const struct file_batch *batch UNUSED, const struct batch_item *item, struct error *err) {
    return remove_path(item->path, err);
}

static bool run_recursive_removal(const struct file_batch *batch, const struct batch_item *item, struct error *err) {
    return remove_tree(item->path, &batch->operation.is_abandoned, err);
}

static void batch_run(struct file_operation *operation) {
    struct file_batch *batch = batch_of(operation);
    for (size_t i = 0; i < batch->count && !operation_is_abandoned(operation); i++) {
        struct batch_item *item = &batch->items[i];
        if (!file_path_check(item->path, &item->err) || !item->run(batch, item, &item->err))
            file_error_classify(&item->err);
    }
}

// --- in the loop ---

static void batch_on_ran(struct file_operation *operation) {
    struct file_batch *batch = batch_of(operation);
    batch->on_done(batch, batch->data);
}

static void batch_free(struct file_operation *operation) {
    struct file_batch *batch = batch_of(operation);
    for (size_t i = 0; i < batch->count; i++) {
        free(batch->items[i].path);
        free(batch->items[i].permissions);
        file_owner_finish(&batch->items[i].owner);
        error_clear(&batch->items[i].err);
    }
    free(batch->items);
    free(batch);
}

// Three directories, and one of these for a moment a second time.
static const struct file_operation_type batch_type = {
    .descriptors = 4, .run = batch_run, .on_ran = batch_on_ran, .free = batch_free};

struct file_batch *file_batch_create(struct file_manager *manager) {
    struct file_batch *batch = memory_new(sizeof *batch);
    operation_init(&batch->operation, &batch_type, manager);
    return batch;
}

static struct batch_item *add_item(struct file_batch *batch, const char *path) {
    batch->items = memory_grow(batch->items, &batch->capacity, batch->count + 1, sizeof *batch->items);
    struct batch_item *item = &batch->items[batch->count++];
    *item = (struct batch_item){.path = memory_string(path)};
    return item;
}

void file_batch_add_directory(struct file_batch *batch, const struct file_directory *directory) {
    struct batch_item *item = add_item(batch, directory->path);
    item->run = run_directory;
    item->permissions = directory->permissions != NULL ? memory_string(directory->permissions) : NULL;
    file_owner_init(&item->owner, &directory->owner);
    item->makes_parents = directory->makes_parents;
}

void file_batch_add_removal(struct file_batch *batch, const char *path, bool is_recursive) {
    add_item(batch, path)->run = is_recursive ? run_recursive_removal : run_removal;
}

void file_batch_start(struct file_batch *batch, file_batch_done_fn on_done, void *data) {
    batch->on_done = on_done;
    batch->data = data;
    operation_submit(&batch->operation);
}

void file_batch_destroy(struct file_batch *batch) {
    if (batch != NULL)
        operation_destroy(&batch->operation);
}

// --- results ---

size_t file_batch_count(const struct file_batch *batch) {
    return batch->count;
}

const char *file_batch_path(const struct file_batch *batch, size_t index) {
    return batch->items[index].path;
}

// If the batch could not be run at all, every item has failed.
const struct error *file_batch_error(const struct file_batch *batch, size_t index) {
    const struct error *err = &batch->operation.err;
    if (!error_is_set(err))
        err = &batch->items[index].err;
    return error_is_set(err) ? err : NULL;
}

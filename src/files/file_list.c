// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/file_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "data/path_pattern.h"
#include "files/entry_internal.h"
#include "files/operation_internal.h"

#define NAMES_LIMIT_BYTES ((size_t)33554432)

struct file_list {
    struct file_operation operation;
    char *path;
    char *pattern; // NULL for all
    bool is_itself;
    struct buffer entries;
    file_listed_fn on_listed;
    void *data;
};

static bool fail_size(const struct file_list *list, struct error *err) {
    return error_set(err, ERROR_BAD_REQUEST, "open %s: too many directory entries", list->path);
}

static bool matches(const struct file_list *list, const char *name, bool *is_wanted, struct error *err) {
    if (list->pattern != NULL && !path_pattern_is_valid(list->pattern))
        return error_set(err, ERROR_BAD_REQUEST, "syntax error in pattern");
    *is_wanted = list->pattern == NULL || path_pattern_match(list->pattern, name);
    return true;
}

// --- a single file ---

// As in the reference, the path is put together from what precedes the last slash and from the name.
static bool list_one(struct file_list *list, struct entry_writer *writer, const struct stat *status,
                     struct error *err) {
    AUTO_FREE char *name = path_base(list->path);
    AUTO_FREE char *directory = memory_string_n(list->path, (size_t)(strrchr(list->path, '/') + 1 - list->path));
    AUTO_FREE char *joined = path_join(directory, name);
    AUTO_FREE char *path = path_clean(joined);
    bool is_wanted = false;
    if (!matches(list, name, &is_wanted, err))
        return false;
    if (is_wanted)
        entry_write(writer, path, status);
    return true;
}

// --- a directory ---

struct name_list {
    struct buffer text; // each with a NUL
    size_t *offsets;
    size_t count, capacity;
};

static void names_finish(struct name_list *names) {
    buffer_finish(&names->text);
    free(names->offsets);
}

static bool names_add(struct name_list *names, const char *name) {
    names->offsets = memory_grow(names->offsets, &names->capacity, names->count + 1, sizeof *names->offsets);
    names->offsets[names->count++] = names->text.length;
    buffer_add(&names->text, name, strlen(name) + 1);
    return buffer_is_whole(&names->text) && names->count <= FILE_LIST_ENTRIES_MAX;
}

static int compare_offsets(const void *a, const void *b, void *text) {
    return strcmp((const char *)text + *(const size_t *)a, (const char *)text + *(const size_t *)b);
}

static void names_sort(struct name_list *names) {
    if (names->count > 0)
        qsort_r(names->offsets, names->count, sizeof *names->offsets, compare_offsets, names->text.data);
}

static bool read_names(const struct file_list *list, DIR *directory, struct name_list *names, struct error *err) {
    const struct dirent *entry;
    while (errno = 0, (entry = readdir(directory)) != NULL) {
        bool is_wanted = false;
        if (directory_is_dot(entry->d_name))
            continue;
        if (operation_is_abandoned(&list->operation))
            return error_set(err, ERROR_CANCELLED, "cancelled");
        if (!matches(list, entry->d_name, &is_wanted, err))
            return false;
        if (is_wanted && !names_add(names, entry->d_name))
            return fail_size(list, err);
    }
    return errno == 0 || error_set_errno(err, errno, "readdirent %s", list->path);
}

static bool write_entries(struct file_list *list, int directory, const struct name_list *names,
                          struct entry_writer *writer, struct error *err) {
    AUTO_FREE char *clean = path_clean(list->path);
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->text.data + names->offsets[i];
        AUTO_FREE char *path = path_join(clean, name);
        struct stat status;
        if (operation_is_abandoned(&list->operation))
            return error_set(err, ERROR_CANCELLED, "cancelled");
        if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
            entry_write(writer, path, &status);
        else if (errno != ENOENT) // otherwise it has been removed since
            return error_set_errno(err, errno, "lstat %s", path);
        if (!buffer_is_whole(&list->entries))
            return fail_size(list, err);
    }
    return true;
}

static bool list_directory(struct file_list *list, struct entry_writer *writer, struct error *err) {
    CLEANUP(names_finish) struct name_list names = {.text = BUFFER_INIT(NAMES_LIMIT_BYTES)};
    AUTO_DIRECTORY DIR *directory = opendir(list->path);
    if (directory == NULL)
        return error_set_errno(err, errno, "open %s", list->path);
    if (!read_names(list, directory, &names, err))
        return false;
    names_sort(&names);
    return write_entries(list, dirfd(directory), &names, writer, err);
}

// --- the operation ---

static struct file_list *list_of(struct file_operation *operation) {
    return CONTAINER_OF(operation, struct file_list, operation);
}

static void list_run(struct file_operation *operation) {
    struct file_list *list = list_of(operation);
    struct error *err = &operation->err;
    struct json_writer json;
    struct stat status;
    if (stat(list->path, &status) != 0) {
        error_set_errno(err, errno, "stat %s", list->path);
        return;
    }
    CLEANUP(entry_writer_finish) struct entry_writer writer;
    json_writer_init(&json, &list->entries, true);
    entry_writer_init(&writer, &json);
    json_writer_begin_array(&json);
    if (S_ISDIR(status.st_mode) && !list->is_itself)
        (void)!list_directory(list, &writer, err);
    else
        (void)!list_one(list, &writer, &status, err);
    json_writer_end_array(&json);
    if (!error_is_set(err) && !buffer_is_whole(&list->entries))
        (void)fail_size(list, err);
}

static void list_on_ran(struct file_operation *operation) {
    struct file_list *list = list_of(operation);
    const struct error *err = error_is_set(&operation->err) ? &operation->err : NULL;
    list->on_listed(&list->entries, err, list->data);
}

static void list_free(struct file_operation *operation) {
    struct file_list *list = list_of(operation);
    buffer_finish(&list->entries);
    free(list->path);
    free(list->pattern);
    free(list);
}

// The directory, and the file of accounts.
static const struct file_operation_type list_type = {
    .descriptors = 2, .run = list_run, .on_ran = list_on_ran, .free = list_free};

struct file_list *file_list_start(struct file_manager *manager, const struct file_list_spec *spec,
                                  file_listed_fn on_listed, void *data) {
    struct file_list *list = memory_new(sizeof *list);
    list->path = memory_string(spec->path);
    list->pattern = text_is_empty(spec->pattern) ? NULL : memory_string(spec->pattern);
    list->is_itself = spec->is_itself;
    buffer_init(&list->entries, FILE_LIST_LIMIT_BYTES);
    list->on_listed = on_listed;
    list->data = data;
    operation_init(&list->operation, &list_type, manager);
    operation_submit(&list->operation);
    return list;
}

void file_list_destroy(struct file_list *list) {
    if (list != NULL)
        operation_destroy(&list->operation);
}

// SPDX-License-Identifier: LGPL-3.0-or-later
// Copying trees of the daemon to local files. What the daemon sends decides on names below the target directory only.
// Declared in pebble.h.
#include "client/copy_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/copy_target.h"
#include "base/file.h"
#include "base/memory.h"
#include "client/errors.h"

// --- directories ---

static bool make_directory(const char *path, mode_t mode, struct pebble_error *error) {
    return mkdir(path, mode) == 0 || (errno == EEXIST && directory_exists(path)) ||
           client_copy_fail("mkdir", path, error);
}

// With missing parents, which get the default permissions.
static bool make_directories(const char *path, mode_t mode, struct pebble_error *error) {
    AUTO_FREE char *parent = path_clean(path);
    for (char *slash = parent; (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        if (!directory_exists(parent) && !make_directory(parent, 0777, error))
            return false;
        *slash = '/';
    }
    return make_directory(parent, mode, error);
}

// --- one file ---

// A private file stays private. The mode of what a link leads to is unknown.
static mode_t target_mode(const struct pebble_file *file) {
    bool has_mode = text_equal(pebble_file_type(file), "file");
    return has_mode ? pebble_file_permissions(file) | 0600 : 0600;
}

static bool pull_file(struct pebble_client *client, const char *source, const char *path,
                      const struct pebble_file *file, struct pebble_error *error) {
    AUTO_COPY_TARGET struct copy_target target = {.fd = -1};
    AUTO_ERROR struct error cause = {0};
    if (!copy_target_open(&target, path, O_NONBLOCK | O_NOCTTY, target_mode(file), &cause))
        return client_fail(error, PEBBLE_ERROR_FILE, "%s", error_text(&cause));
    const struct pebble_pull_options options = {.size = sizeof options, .path = source, .fd = &target.fd};
    if (!pebble_pull_file(client, &options, NULL, error))
        return false;
    return copy_target_commit(&target, &cause) || client_fail(error, PEBBLE_ERROR_FILE, "%s", error_text(&cause));
}

// --- trees ---

static bool list(struct pebble_client *client, const char *path, uint64_t flags, struct pebble_files **files,
                 struct pebble_error *error) {
    const struct pebble_list_options options = {.size = sizeof options, .flags = flags};
    return pebble_list_files(client, path, &options, files, error);
}

static bool begin_tree(struct pebble_client *client, const char *path, const char *target, mode_t mode,
                       struct pebble_files **files, struct pebble_error *error) {
    return make_directories(target, mode, error) && list(client, path, 0, files, error);
}

static void pull_tree(struct client_copy *copy, const char *path, const char *target, mode_t mode, int depth);

static void pull_entry(struct client_copy *copy, const char *path, const char *target, const struct pebble_file *file,
                       int depth) {
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    const char *type = pebble_file_type(file);
    if (text_equal(type, "directory"))
        pull_tree(copy, path, target, pebble_file_permissions(file) | S_IRWXU, depth);
    else if ((text_equal(type, "file") || text_equal(type, "symlink")) &&
             !pull_file(copy->client, path, target, file, &failure))
        client_copy_note(copy, path, &failure);
}

static bool is_name(const char *name) {
    return name[0] != '\0' && strchr(name, '/') == NULL && !text_equal(name, ".") && !text_equal(name, "..");
}

static void pull_named(struct client_copy *copy, const char *path, const char *target, const struct pebble_file *file,
                       int depth) {
    const char *name = pebble_file_name(file);
    if (is_name(name)) {
        AUTO_FREE char *entry = path_join(path, name);
        AUTO_FREE char *entry_target = path_join(target, name);
        pull_entry(copy, entry, entry_target, file, depth);
        return;
    }
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    AUTO_FREE char *quoted = client_quoted(name);
    client_fail(&failure, PEBBLE_ERROR_PROTOCOL, "cannot use file name %s", quoted);
    client_copy_note(copy, path, &failure);
}

static void pull_tree(struct client_copy *copy, const char *path, const char *target, mode_t mode, int depth) {
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    struct pebble_files *files = NULL;
    bool is_good = depth < CLIENT_COPY_DEPTH_MAX
                       ? begin_tree(copy->client, path, target, mode, &files, &failure)
                       : client_fail(&failure, PEBBLE_ERROR_FILE, "read %s: too many levels of directories", path);
    if (!is_good) {
        client_copy_note(copy, path, &failure);
        return;
    }
    for (size_t i = 0; i < pebble_files_count(files) && !copy->is_stopped; i++)
        pull_named(copy, path, target, pebble_files_at(files, i), depth + 1);
    pebble_files_destroy(files);
}

static void pull_source(struct client_copy *copy, const char *source, const char *target) {
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    struct pebble_files *files = NULL;
    if (!make_directories(copy->options.directory, 0777, &failure) ||
        !list(copy->client, source, PEBBLE_LIST_ITSELF, &files, &failure)) {
        client_copy_note(copy, source, &failure);
        return;
    }
    if (pebble_files_count(files) == 1) {
        pull_entry(copy, source, target, pebble_files_at(files, 0), 0);
    } else {
        client_fail(&failure, PEBBLE_ERROR_PROTOCOL, "expected exactly one file from API");
        client_copy_note(copy, source, &failure);
    }
    pebble_files_destroy(files);
}

bool pebble_pull_path(struct pebble_client *client, const struct pebble_copy_options *options,
                      struct pebble_error *error) {
    return client_copy_run(client, options, pull_source, error);
}

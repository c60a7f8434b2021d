// SPDX-License-Identifier: LGPL-3.0-or-later
// Copying local trees to the daemon. Declared in pebble.h.
#include "client/copy_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "client/blocking_internal.h"
#include "client/call_internal.h"
#include "client/errors.h"
#include "client/push_internal.h"

// --- one file ---

static bool check_regular(const char *path, const struct stat *status, struct pebble_error *error) {
    return S_ISREG(status->st_mode) || client_fail(error, PEBBLE_ERROR_FILE, "read %s: not a regular file", path);
}

// A pipe or a device is not opened, which could change it. Nor is one that has taken the place of a file waited for.
static bool open_source(const char *path, int *fd, struct stat *status, struct pebble_error *error) {
    if (stat(path, status) == 0 && !check_regular(path, status, error))
        return false;
    AUTO_CLOSE int opened = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (opened < 0)
        return client_copy_fail("open", path, error);
    if (fstat(opened, status) != 0)
        return client_copy_fail("stat", path, error);
    if (!check_regular(path, status, error))
        return false;
    *fd = opened;
    opened = -1;
    return true;
}

static bool push_file(struct pebble_client *client, const char *path, const char *target, struct pebble_error *error) {
    AUTO_CLOSE int fd = -1;
    AUTO_CALL struct pebble_call *call = NULL;
    struct stat status;
    char permissions[CLIENT_PERMISSIONS_SIZE];
    if (!open_source(path, &fd, &status, error))
        return false;
    (void)snprintf(permissions, sizeof permissions, "%03o", (unsigned)status.st_mode & 0777U);
    const struct client_file_spec spec = {
        .path = target,
        .makes_parents = true,
        .permissions = permissions,
        .user_id = &(const int64_t){status.st_uid},
        .group_id = &(const int64_t){status.st_gid},
    };
    const struct client_content content = {.fd = &fd};
    return client_call_push(client, &spec, &content, &call, error) && client_run(call, NULL, NULL, error);
}

// --- trees ---

// `status`: of the directory; NULL if its target is not made after it.
static void push_tree(struct client_copy *copy, const char *path, const char *target, const struct stat *status,
                      int depth);

static void push_entry(struct client_copy *copy, const char *path, const char *target, int depth) {
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    struct stat status;
    bool is_good = true;
    if (lstat(path, &status) != 0)
        is_good = client_copy_fail("lstat", path, &failure);
    else if (S_ISDIR(status.st_mode))
        push_tree(copy, path, target, &status, depth);
    else if (S_ISREG(status.st_mode) || S_ISLNK(status.st_mode))
        is_good = push_file(copy->client, path, target, &failure);
    if (!is_good)
        client_copy_note(copy, path, &failure);
}

// A directory that is there stays as it is.
static bool make_directory(struct pebble_client *client, const char *path, const struct stat *status,
                           struct pebble_error *error) {
    struct pebble_directory_options options = {
        .size = sizeof options, .path = path, .flags = PEBBLE_DIRECTORY_MAKE_PARENTS};
    const int64_t user_id = status != NULL ? status->st_uid : 0, group_id = status != NULL ? status->st_gid : 0;
    if (status != NULL) {
        options.permissions = (status->st_mode & 0777U) | S_IRWXU;
        options.user_id = &user_id;
        options.group_id = &group_id;
    }
    return pebble_make_directory(client, &options, error);
}

static bool begin_tree(struct pebble_client *client, const char *path, const char *target, const struct stat *status,
                       struct text_list *names, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    if (!directory_list(path, names, &cause))
        return client_fail(error, PEBBLE_ERROR_FILE, "%s", error_text(&cause));
    return make_directory(client, target, status, error);
}

static void push_tree(struct client_copy *copy, const char *path, const char *target, const struct stat *status,
                      int depth) {
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    AUTO_TEXT_LIST struct text_list names = {0};
    bool is_good = depth < CLIENT_COPY_DEPTH_MAX
                       ? begin_tree(copy->client, path, target, status, &names, &failure)
                       : client_fail(&failure, PEBBLE_ERROR_FILE, "read %s: too many levels of directories", path);
    if (!is_good) {
        client_copy_note(copy, path, &failure);
        return;
    }
    for (size_t i = 0; i < names.count && !copy->is_stopped; i++) {
        AUTO_FREE char *entry = path_join(path, names.items[i]);
        AUTO_FREE char *entry_target = path_join(target, names.items[i]);
        push_entry(copy, entry, entry_target, depth + 1);
    }
}

// Makes the target directory first: as a missing parent it would get the permissions of the source.
static void push_directory(struct client_copy *copy, const char *source, const char *target,
                           const struct stat *status) {
    AUTO_PEBBLE_ERROR struct pebble_error failure = {0};
    if (make_directory(copy->client, copy->options.directory, NULL, &failure))
        push_tree(copy, source, target, status, 0);
    else
        client_copy_note(copy, source, &failure);
}

// A source may be a symbolic link to a directory. All that a source holds, which has no name of its own in the target
// directory, is copied from directories only.
static void push_source(struct client_copy *copy, const char *source, const char *target) {
    struct stat status;
    if (text_equal(target, copy->options.directory))
        push_tree(copy, source, target, NULL, 0);
    else if (stat(source, &status) == 0 && S_ISDIR(status.st_mode))
        push_directory(copy, source, target, &status);
    else
        push_entry(copy, source, target, 0);
}

bool pebble_push_path(struct pebble_client *client, const struct pebble_copy_options *options,
                      struct pebble_error *error) {
    return client_copy_run(client, options, push_source, error);
}

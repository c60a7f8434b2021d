// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/replacement_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define DESCRIPTOR_PATH_SIZE 32

static const char *target_name(const struct replacement *replacement) {
    return strrchr(replacement->path, '/') + 1;
}

static bool fail(const struct replacement *replacement, int errnum, const char *what, struct error *err) {
    return error_set_errno(err, errnum, "%s %s", what, replacement->path);
}

// --- opening ---

// The reference passes the name to a function that gives asterisks a meaning.
static bool check_name(const char *path, struct error *err) {
    AUTO_FREE char *name = path_base(path);
    if (strchr(name, '*') == NULL)
        return true;
    AUTO_FREE char *quoted = text_quoted(name);
    return error_set(err, ERROR_BAD_REQUEST, "cannot create tempfile for filename containing '*': %s", quoted);
}

static bool open_directory(struct replacement *replacement, struct error *err) {
    size_t length = (size_t)(target_name(replacement) - replacement->path);
    AUTO_FREE char *path = memory_string_n(replacement->path, length);
    replacement->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return replacement->directory >= 0 || fail(replacement, errno, "open", err);
}

static void set_descriptor_path(const struct replacement *replacement, char path[DESCRIPTOR_PATH_SIZE]) {
    (void)snprintf(path, DESCRIPTOR_PATH_SIZE, "/proc/self/fd/%d", replacement->file);
}

// Opens a file without a name, unless it could not get one later on.
static void open_unnamed(struct replacement *replacement) {
    char path[DESCRIPTOR_PATH_SIZE];
    replacement->file = openat(replacement->directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    set_descriptor_path(replacement, path);
    if (replacement->file >= 0 && access(path, F_OK) != 0)
        file_close_at(&replacement->file);
}

// Calls `create` with one new name after the other until one is free. The length of a name is limited. False and errno
// on failure.
static bool create_temporary(struct replacement *replacement, bool (*create)(struct replacement *, const char *name)) {
    AUTO_FREE char *base = memory_string(target_name(replacement));
    if (strlen(base) + FILE_TEMPORARY_SUFFIX_BYTES > NAME_MAX)
        base[NAME_MAX - FILE_TEMPORARY_SUFFIX_BYTES] = '\0';
    errno = EEXIST;
    for (unsigned attempt = 0; errno == EEXIST && attempt < FILE_TEMPORARY_TRIES; attempt++) {
        AUTO_FREE char *name = file_temporary_name(base, attempt);
        if (create(replacement, name)) {
            replacement->temporary = TAKE(name);
            return true;
        }
    }
    return false;
}

static bool create_named(struct replacement *replacement, const char *name) {
    replacement->file =
        openat(replacement->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return replacement->file >= 0;
}

bool replacement_open(struct replacement *replacement, const char *path, struct error *err) {
    replacement->path = memory_string(path);
    if (!check_name(path, err) || !open_directory(replacement, err))
        return false;
    if (*target_name(replacement) == '\0') // "/directory/"
        return fail(replacement, EISDIR, "open", err);
    if (strlen(target_name(replacement)) > NAME_MAX)
        return fail(replacement, ENAMETOOLONG, "open", err);
    open_unnamed(replacement);
    return replacement->file >= 0 || create_temporary(replacement, create_named) ||
           fail(replacement, errno, "open", err);
}

// --- writing ---

bool replacement_write(struct replacement *replacement, const char *bytes, size_t length, struct error *err) {
    AUTO_ERROR struct error failure = {0};
    return file_write_all(replacement->file, bytes, length, &failure) ||
           fail(replacement, failure.errnum, "write", err);
}

// --- putting it in its place ---

static bool link_unnamed(struct replacement *replacement, const char *name) {
    char path[DESCRIPTOR_PATH_SIZE];
    set_descriptor_path(replacement, path);
    return linkat(AT_FDCWD, path, replacement->directory, name, AT_SYMLINK_FOLLOW) == 0;
}

static bool finish_file(struct replacement *replacement, mode_t mode, const struct account_choice *owner,
                        struct error *err) {
    if (fchmod(replacement->file, mode) != 0)
        return fail(replacement, errno, "chmod", err);
    if (owner->has_uid && fchown(replacement->file, owner->uid, owner->gid) != 0)
        return fail(replacement, errno, "chown", err);
    return fsync(replacement->file) == 0 || fail(replacement, errno, "fsync", err);
}

static bool rename_file(struct replacement *replacement, struct error *err) {
    if (replacement->temporary == NULL && !create_temporary(replacement, link_unnamed))
        return fail(replacement, errno, "rename", err);
    if (renameat(replacement->directory, replacement->temporary, replacement->directory, target_name(replacement)) != 0)
        return fail(replacement, errno == EISDIR ? EEXIST : errno, "rename", err); // as Go's os.Rename
    free(TAKE(replacement->temporary));
    // On some file systems, fsync() of a directory fails with EINVAL.
    return fsync(replacement->directory) == 0 || errno == EINVAL || fail(replacement, errno, "fsync", err);
}

bool replacement_commit(struct replacement *replacement, mode_t mode, const struct account_choice *owner,
                        struct error *err) {
    if (!finish_file(replacement, mode, owner, err) || !rename_file(replacement, err))
        return false;
    replacement_discard(replacement);
    return true;
}

void replacement_discard(struct replacement *replacement) {
    if (replacement->temporary != NULL)
        (void)unlinkat(replacement->directory, replacement->temporary, 0);
    free(TAKE(replacement->temporary));
    free(TAKE(replacement->path));
    file_close_at(&replacement->file);
    file_close_at(&replacement->directory);
}

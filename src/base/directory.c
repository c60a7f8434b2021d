// SPDX-License-Identifier: LGPL-3.0-or-later
// Declared in base/file.h.
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define COPY_DEPTH_MAX 64
#define CHUNK_BYTES 16384

bool directory_exists(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool file_exists(const char *path) {
    struct stat status;
    return stat(path, &status) == 0;
}

static bool make_one(const char *path, mode_t mode, struct error *err) {
    if (mkdir(path, mode) == 0)
        return chmod(path, mode) == 0 || error_set_errno(err, errno, "chmod %s", path);
    int errnum = errno;
    // Not only EEXIST: on a read-only file system, mkdir() of an existing directory may fail with EROFS.
    if (directory_exists(path))
        return true;
    return error_set_errno(err, errnum == EEXIST ? ENOTDIR : errnum, "mkdir %s", path);
}

bool directory_create_all(const char *path, mode_t mode, struct error *err) {
    AUTO_FREE char *part = memory_string(path);
    for (char *at = part; *at != '\0'; at++) {
        bool ends_name = *at == '/' && at > part && at[-1] != '/';
        if (!ends_name)
            continue;
        *at = '\0';
        bool is_made = make_one(part, mode, err);
        *at = '/';
        if (!is_made)
            return false;
    }
    return make_one(path, mode, err);
}

bool directory_is_dot(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

void directory_close_at(DIR **directory) {
    if (*directory != NULL)
        closedir(*directory);
}

bool directory_list(const char *path, struct text_list *names, struct error *err) {
    AUTO_DIRECTORY DIR *directory = opendir(path);
    if (directory == NULL)
        return error_set_errno(err, errno, "open %s", path);
    AUTO_TEXT_LIST struct text_list found = {0};
    const struct dirent *entry;
    while (errno = 0, (entry = readdir(directory)) != NULL) {
        if (!directory_is_dot(entry->d_name))
            text_list_add(&found, entry->d_name);
    }
    if (errno != 0)
        return error_set_errno(err, errno, "readdirent %s", path);
    text_list_sort(&found);
    text_list_copy(names, &found);
    return true;
}

static bool copy_bytes(int from, int to, const char *source, const char *target, struct error *err) {
    char chunk[CHUNK_BYTES];
    ssize_t count;
    while ((count = read(from, chunk, sizeof chunk)) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return error_set_errno(err, errno, "read %s", source);
        AUTO_ERROR struct error failure = {0};
        if (!file_write_all(to, chunk, (size_t)count, &failure))
            return error_set_errno(err, failure.errnum, "write %s", target);
    }
    return true;
}

static bool copy_file(const char *source, const char *target, mode_t mode, struct error *err) {
    AUTO_CLOSE int from = open(source, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return error_set_errno(err, errno, "open %s", source);
    AUTO_CLOSE int to = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0)
        return error_set_errno(err, errno, "open %s", target);
    if (!copy_bytes(from, to, source, target, err))
        return false;
    return fchmod(to, mode) == 0 || error_set_errno(err, errno, "chmod %s", target);
}

static bool copy_entry(const char *source, const char *target, unsigned depth, struct error *err);

// What is created in a directory with the set-group-ID bit has its group.
static bool set_directory_mode(const char *target, const struct stat *source, struct error *err) {
    if ((source->st_mode & S_ISGID) != 0 && chown(target, (uid_t)-1, source->st_gid) != 0 && errno != EPERM)
        return error_set_errno(err, errno, "chown %s", target);
    return chmod(target, source->st_mode & (0777 | S_ISGID | S_ISVTX)) == 0 ||
           error_set_errno(err, errno, "chmod %s", target);
}

// The mode of a new directory is set last, because it may forbid writing.
static bool copy_directory(const char *source, const char *target, const struct stat *status, unsigned depth,
                           struct error *err) {
    AUTO_TEXT_LIST struct text_list names = {0};
    bool is_new = mkdir(target, 0700) == 0;
    if (!is_new && !directory_exists(target))
        return error_set_errno(err, errno == EEXIST ? ENOTDIR : errno, "mkdir %s", target);
    if (!directory_list(source, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        AUTO_FREE char *from = path_join(source, names.items[i]);
        AUTO_FREE char *to = path_join(target, names.items[i]);
        if (!copy_entry(from, to, depth + 1, err))
            return false;
    }
    return !is_new || set_directory_mode(target, status, err);
}

// Whether a relative path leads out of a tree from a directory that is `level` directories below its root.
static bool leads_out(const char *path, unsigned level) {
    for (const char *at = path; *at != '\0'; at += strspn(at, "/")) {
        size_t length = strcspn(at, "/");
        if (length == 2 && strncmp(at, "..", 2) == 0 && level-- == 0)
            return true;
        if (!(length == 1 && at[0] == '.') && !(length == 2 && strncmp(at, "..", 2) == 0))
            level++;
        at += length;
    }
    return false;
}

// A relative link that leads out of the tree becomes an absolute one, as the copy is at another place.
static bool copy_link(const char *source, const char *target, unsigned depth, struct error *err) {
    char text[PATH_MAX];
    ssize_t length = readlink(source, text, sizeof text - 1);
    if (length < 0)
        return error_set_errno(err, errno, "readlink %s", source);
    text[length] = '\0';
    AUTO_FREE char *beside = memory_printf("%s/../%s", source, text);
    AUTO_FREE char *absolute = path_clean(beside);
    bool is_kept = path_is_absolute(text) || !leads_out(text, depth - 1);
    return symlink(is_kept ? text : absolute, target) == 0 || error_set_errno(err, errno, "symlink %s", target);
}

static bool copy_entry(const char *source, const char *target, unsigned depth, struct error *err) {
    struct stat status;
    if (depth > COPY_DEPTH_MAX)
        return error_set_errno(err, ELOOP, "copy %s", source);
    // The source itself may be a link to a directory.
    if ((depth == 0 ? stat(source, &status) : lstat(source, &status)) != 0)
        return error_set_errno(err, errno, "stat %s", source);
    if (S_ISLNK(status.st_mode))
        return copy_link(source, target, depth, err);
    if (S_ISDIR(status.st_mode))
        return copy_directory(source, target, &status, depth, err);
    if (!S_ISREG(status.st_mode))
        return error_set_errno(err, EINVAL, "copy %s", source);
    return copy_file(source, target, status.st_mode & 0777, err);
}

bool directory_copy(const char *source, const char *target, struct error *err) {
    if (!directory_exists(source))
        return error_set_errno(err, file_exists(source) ? ENOTDIR : errno, "open %s", source);
    return copy_entry(source, target, 0, err);
}

static int remove_entry(const char *path, const struct stat *status UNUSED, int type UNUSED, struct FTW *place UNUSED) {
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

bool directory_remove_tree(const char *path, struct error *err) {
    if (nftw(path, remove_entry, COPY_DEPTH_MAX, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
        return true;
    return error_set_errno(err, errno, "remove %s", path);
}

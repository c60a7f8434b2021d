// SPDX-License-Identifier: GPL-3.0-or-later
// Recursive removal descends into one directory at a time and comes back through "..", which has to be the directory it
// came from. So two descriptors suffice, and names are resolved only in directories that are open.
#include "files/remove_path_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"

// Names of subdirectories that are remembered at a time, of a directory and of all that are open.
#define BATCH_BYTES ((size_t)65536)
#define BATCHES_BYTES ((size_t)16777216)
#define PATH_SHOWN_BYTES ((size_t)4096)

bool remove_path(const char *path, struct error *err) {
    if (unlink(path) == 0)
        return true;
    int errnum = errno;
    if (rmdir(path) == 0)
        return true;
    // Of a file that cannot be removed, rmdir() only reports that it is no directory.
    return error_set_errno(err, errno == ENOTDIR ? errnum : errno, "remove %s", path);
}

// A directory on the way from the root of the tree to the one that is open.
struct level {
    dev_t device;
    ino_t inode;
    struct buffer names; // of its subdirectories, each with a NUL
    size_t at;           // the one that is being removed
    bool has_removed;    // something in this pass
};

struct removal {
    const char *path; // of the tree
    int directory;    // the open one
    struct level *levels;
    size_t count, capacity;
    size_t names_bytes; // of all levels
    const atomic_bool *is_stopped;
    struct error *err; // the first failure
};

static struct level *top(const struct removal *removal) {
    return &removal->levels[removal->count - 1];
}

static const char *current_name(const struct level *level) {
    return level->names.data + level->at;
}

// Records the first failure. `name`: in the open directory, NULL for the directory itself.
static void fail(struct removal *removal, int errnum, const char *name) {
    AUTO_BUFFER struct buffer path = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (error_is_set(removal->err))
        return;
    buffer_add_string(&path, removal->path);
    for (size_t i = 0; i + 1 < removal->count && path.length < PATH_SHOWN_BYTES; i++)
        buffer_printf(&path, "/%s", current_name(&removal->levels[i]));
    if (name != NULL && path.length < PATH_SHOWN_BYTES)
        buffer_printf(&path, "/%s", name);
    error_set_errno(removal->err, errnum, "unlinkat %s", buffer_text(&path));
}

// --- one directory ---

// Removes what is not a directory, and empty directories. Returns whether it is a directory that has to be emptied.
static bool remove_entry(struct removal *removal, const struct dirent *entry) {
    bool is_directory = entry->d_type == DT_DIR;
    if (!is_directory && unlinkat(removal->directory, entry->d_name, 0) == 0) {
        top(removal)->has_removed = true;
        return false;
    }
    if (!is_directory && errno != EISDIR) {
        if (errno != ENOENT)
            fail(removal, errno, entry->d_name);
        return false;
    }
    if (unlinkat(removal->directory, entry->d_name, AT_REMOVEDIR) == 0) {
        top(removal)->has_removed = true;
        return false;
    }
    return errno != ENOENT;
}

// Goes through the open directory once, and remembers the names of subdirectories.
static void scan(struct removal *removal) {
    struct level *level = top(removal);
    size_t limit = removal->names_bytes < BATCHES_BYTES ? BATCH_BYTES : 1;
    level->has_removed = false;
    level->at = 0;
    buffer_clear(&level->names);
    int fd = openat(removal->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_DIRECTORY DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (directory == NULL) {
        fail(removal, errno, NULL);
        file_close_at(&fd);
        return;
    }
    const struct dirent *entry;
    while (level->names.length < limit && !atomic_load(removal->is_stopped) && (entry = readdir(directory)) != NULL) {
        if (!directory_is_dot(entry->d_name) && remove_entry(removal, entry))
            buffer_add(&level->names, entry->d_name, strlen(entry->d_name) + 1);
    }
    removal->names_bytes += level->names.length;
}

// --- down and up ---

static bool push(struct removal *removal, int directory) {
    struct stat status;
    if (fstat(directory, &status) != 0)
        return false;
    removal->levels = memory_grow(removal->levels, &removal->capacity, removal->count + 1, sizeof *removal->levels);
    removal->levels[removal->count++] =
        (struct level){.device = status.st_dev, .inode = status.st_ino, .names = BUFFER_INIT(BUFFER_NO_LIMIT)};
    file_close_at(&removal->directory);
    removal->directory = directory;
    scan(removal);
    return true;
}

static void pop(struct removal *removal) {
    struct level *level = top(removal);
    removal->names_bytes -= level->names.length;
    buffer_finish(&level->names);
    removal->count--;
}

// Goes on with the next name of the open directory.
static void skip_name(struct level *level) {
    level->at += strlen(current_name(level)) + 1;
}

static void descend(struct removal *removal) {
    struct level *level = top(removal);
    const char *name = current_name(level);
    int directory = openat(removal->directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0 || removal->count >= REMOVE_DEPTH_MAX) {
        // It may have been removed, or replaced by a file, which the next pass finds.
        if (directory >= 0 || errno != ENOENT)
            fail(removal, directory >= 0 ? ENAMETOOLONG : errno, name);
        file_close_at(&directory);
        skip_name(level);
    } else if (!push(removal, directory)) {
        fail(removal, errno, name);
        file_close_at(&directory);
        skip_name(level);
    }
}

// Returns to the parent, and removes the directory that was left. False if the way back is lost.
static bool ascend(struct removal *removal) {
    struct stat status;
    struct level *parent = &removal->levels[removal->count - 2];
    AUTO_CLOSE int directory = openat(removal->directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 || fstat(directory, &status) != 0 || status.st_dev != parent->device ||
        status.st_ino != parent->inode) {
        fail(removal, directory < 0 ? errno : ESTALE, NULL); // it was moved elsewhere
        return false;
    }
    pop(removal);
    file_close_at(&removal->directory);
    removal->directory = directory;
    directory = -1;
    if (unlinkat(removal->directory, current_name(parent), AT_REMOVEDIR) == 0)
        parent->has_removed = true;
    else if (errno != ENOENT)
        fail(removal, errno, current_name(parent));
    skip_name(parent);
    return true;
}

// Empties the tree below the open directory. Another pass through a directory follows as long as passes remove
// anything and may have left something.
static void empty(struct removal *removal) {
    while (!atomic_load(removal->is_stopped)) {
        struct level *level = top(removal);
        if (level->at < level->names.length) {
            descend(removal);
        } else if (level->has_removed) {
            removal->names_bytes -= level->names.length;
            scan(removal);
        } else if (removal->count == 1 || !ascend(removal)) {
            return;
        }
    }
}

// --- the tree ---

static bool ends_with_dot(const char *path) {
    size_t length = strlen(path);
    return strcmp(path, ".") == 0 || (length >= 2 && strcmp(path + length - 2, "/.") == 0);
}

static void removal_finish(struct removal *removal) {
    while (removal->count > 0)
        pop(removal);
    free(removal->levels);
    file_close_at(&removal->directory);
}

// Whether the directory is the root of all.
static bool is_root(int directory) {
    struct stat status, root;
    return fstat(directory, &status) == 0 && stat("/", &root) == 0 && status.st_dev == root.st_dev &&
           status.st_ino == root.st_ino;
}

// Opens the directory at the path. -1 if there is none: it is removed, or `err` is set.
static int open_tree(const char *path, struct error *err) {
    if (unlink(path) == 0 || errno == ENOENT)
        return -1;
    int errnum = errno;
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory >= 0 && is_root(directory)) {
        file_close_at(&directory);
        error_set_errno(err, EBUSY, "unlinkat %s", path);
    } else if (directory < 0 && errno != ENOENT && rmdir(path) != 0) {
        // Of a file that cannot be removed, rmdir() only reports that it is no directory.
        error_set_errno(err, errno == ENOTDIR ? errnum : errno, "unlinkat %s", path);
    }
    return directory;
}

static bool remove_directory(const char *path, int directory, const atomic_bool *is_stopped, struct error *err) {
    AUTO_ERROR struct error failure = {0};
    CLEANUP(removal_finish)
    struct removal removal = {.path = path, .directory = -1, .is_stopped = is_stopped, .err = &failure};
    if (!push(&removal, directory))
        file_close_at(&directory);
    else
        empty(&removal);
    if (atomic_load(is_stopped))
        return error_set(err, ERROR_CANCELLED, "cancelled");
    if (rmdir(path) == 0 || errno == ENOENT)
        return true;
    int errnum = errno;
    return error_is_set(&failure) ? error_move(err, &failure) : error_set_errno(err, errnum, "unlinkat %s", path);
}

// With a slash at its end, the path of a link would be that of its target.
static char *without_slashes(const char *path) {
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    return memory_string_n(path, length);
}

bool remove_tree(const char *path, const atomic_bool *is_stopped, struct error *err) {
    AUTO_FREE char *tree = without_slashes(path);
    AUTO_ERROR struct error failure = {0};
    if (ends_with_dot(path))
        return error_set_errno(err, EINVAL, "RemoveAll %s", path);
    int directory = open_tree(tree, &failure);
    if (error_is_set(&failure))
        return error_move(err, &failure);
    return directory < 0 || remove_directory(tree, directory, is_stopped, err);
}

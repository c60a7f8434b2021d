// SPDX-License-Identifier: GPL-3.0-or-later
// Fills $PEBBLE from PEBBLE_COPY_ONCE, whole or not at all. The tree is copied to a directory in $PEBBLE, which gets
// another name when the copy is complete; its entries are then moved up. An interrupted copy begins anew, and an
// interrupted move goes on, at the next start. $PEBBLE itself cannot be replaced, as it may be a mount point.
//
// Meanwhile the directory of the copy is locked (flock(2)). Its mode is 0700, so only the daemon's user and root can
// hold the lock. Declared in daemon/daemon_internal.h.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "daemon/daemon_internal.h"

#define PARTIAL_COPY ".pebble.copy-partial"
#define COMPLETE_COPY ".pebble.copy"

struct copy {
    const char *source, *target;
    char *partial, *tree, *complete; // tree: in partial, what is copied
};

static bool move_up(const char *complete, const char *target, struct error *err) {
    AUTO_TEXT_LIST struct text_list names = {0};
    if (!directory_list(complete, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        AUTO_FREE char *from = path_join(complete, names.items[i]);
        AUTO_FREE char *to = path_join(target, names.items[i]);
        if (rename(from, to) != 0)
            return error_set_errno(err, errno, "rename %s", from);
    }
    return rmdir(complete) == 0 || error_set_errno(err, errno, "remove %s", complete);
}

// The name must not reach the disk before the content.
static bool write_to_disk(const char *directory, struct error *err) {
    AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return (fd >= 0 && syncfs(fd) == 0) || error_set_errno(err, errno, "sync %s", directory);
}

static bool clear(const char *directory, struct error *err) {
    AUTO_TEXT_LIST struct text_list names = {0};
    if (!directory_list(directory, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        AUTO_FREE char *path = path_join(directory, names.items[i]);
        struct stat status;
        bool is_directory = lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
        if (is_directory ? !directory_remove_tree(path, err) : unlink(path) != 0 && errno != ENOENT)
            return error_is_set(err) ? false : error_set_errno(err, errno, "remove %s", path);
    }
    return true;
}

// Whether there is something to copy or to move: the target is empty but for what an interrupted copy has left.
static bool find_work(const struct copy *copy, bool *has_work, struct error *err) {
    AUTO_TEXT_LIST struct text_list entries = {0};
    if (!directory_list(copy->target, &entries, err))
        return false;
    size_t others = 0;
    for (size_t i = 0; i < entries.count; i++)
        others += strcmp(entries.items[i], PARTIAL_COPY) != 0;
    *has_work = directory_exists(copy->complete) || (others == 0 && file_exists(copy->source));
    return true;
}

static bool copy_whole(const struct copy *copy, struct error *err) {
    bool has_work;
    if (!clear(copy->partial, err) || !find_work(copy, &has_work, err))
        return false;
    if (!has_work)
        return true;
    if (directory_exists(copy->complete))
        return move_up(copy->complete, copy->target, err);
    if (!directory_copy(copy->source, copy->tree, err) || !write_to_disk(copy->partial, err))
        return false;
    if (rename(copy->tree, copy->complete) != 0)
        return error_set_errno(err, errno, "rename %s", copy->tree);
    return move_up(copy->complete, copy->target, err);
}

// Creates and locks the directory of the copy. *is_busy: another daemon has it.
static bool lock_copy(const struct copy *copy, int *fd, bool *is_busy, struct error *err) {
    struct stat opened, named;
    if (mkdir(copy->partial, 0700) != 0 && errno != EEXIST)
        return error_set_errno(err, errno, "mkdir %s", copy->partial);
    *fd = open(copy->partial, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0)
        return error_set_errno(err, errno, "open %s", copy->partial);
    *is_busy = flock(*fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    // Whoever had the lock may have removed the directory meanwhile.
    if (!*is_busy)
        *is_busy = fstat(*fd, &opened) != 0 || stat(copy->partial, &named) != 0 || opened.st_ino != named.st_ino;
    return !*is_busy || error_set(err, ERROR_INTERNAL, "another daemon copies");
}

static bool run_copy(const struct copy *copy, bool *is_busy, struct error *err) {
    bool has_work;
    if (!find_work(copy, &has_work, err))
        return false;
    if (!has_work && !directory_exists(copy->partial))
        return true;
    AUTO_CLOSE int lock_fd = -1;
    if (!lock_copy(copy, &lock_fd, is_busy, err))
        return false;
    bool is_whole = copy_whole(copy, err);
    (void)!directory_remove_tree(copy->partial, NULL);
    return is_whole;
}

bool daemon_copy_once(const struct daemon_options *options, bool *is_busy, struct error *err) {
    *is_busy = false;
    if (text_is_empty(options->copy_source))
        return true;
    struct copy copy = {.source = options->copy_source,
                        .target = options->directory,
                        .partial = path_join(options->directory, PARTIAL_COPY),
                        .tree = path_join(options->directory, PARTIAL_COPY "/tree"),
                        .complete = path_join(options->directory, COMPLETE_COPY)};
    bool is_good =
        run_copy(&copy, is_busy, err) || error_prefix(err, "cannot copy \"%s\" to \"%s\": ", copy.source, copy.target);
    free(copy.partial);
    free(copy.tree);
    free(copy.complete);
    return is_good;
}

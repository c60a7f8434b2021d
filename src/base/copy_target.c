// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/copy_target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

// Whether the new file has the owner and mode of the old one. A new owner clears set-ID bits, so the mode comes last.
static bool take_attributes(int fd, const struct stat *old) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return false;
    bool is_own = status.st_uid == old->st_uid && status.st_gid == old->st_gid;
    return (is_own || fchown(fd, old->st_uid, old->st_gid) == 0) && fchmod(fd, old->st_mode & 07777) == 0;
}

// A file that may not be written is not replaced either.
static bool is_replaceable(const char *path, const struct stat *old) {
    return S_ISREG(old->st_mode) && old->st_nlink == 1 && access(path, W_OK) == 0;
}

// The names of descriptors are not replaced.
static bool is_descriptor(const char *path) {
    return strncmp(path, "/dev/", strlen("/dev/")) == 0 || strncmp(path, "/proc/", strlen("/proc/")) == 0;
}

static bool open_temporary(struct copy_target *target, mode_t mode) {
    struct stat old;
    bool exists = lstat(target->path, &old) == 0;
    if ((!exists && errno != ENOENT) || (exists && !is_replaceable(target->path, &old)))
        return false;
    target->fd = file_open_temporary(target->path, exists ? 0600 : mode, &target->temporary);
    if (target->fd < 0)
        return false;
    if (!exists || take_attributes(target->fd, &old))
        return true;
    (void)unlink(target->temporary);
    free(TAKE(target->temporary));
    file_close_at(&target->fd);
    return false;
}

bool copy_target_open(struct copy_target *target, const char *path, int flags, mode_t mode, struct error *err) {
    *target = (struct copy_target){.fd = -1, .path = realpath(path, NULL)};
    if (target->path == NULL) // there is nothing, or it is a link to nothing
        target->path = memory_string(path);
    if (!is_descriptor(path) && open_temporary(target, mode))
        return true;
    target->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | flags, mode);
    if (target->fd >= 0)
        return true;
    int errnum = errno;
    copy_target_discard(target);
    return error_set_errno(err, errnum, "open %s", path);
}

bool copy_target_commit(struct copy_target *target, struct error *err) {
    bool is_closed = close(target->fd) == 0;
    int errnum = errno;
    target->fd = -1;
    bool is_good = is_closed || error_set_errno(err, errnum, "close %s", target->path);
    if (is_good && target->temporary != NULL && rename(target->temporary, target->path) != 0)
        is_good = error_set_errno(err, errno, "rename %s", target->path);
    else if (is_good)
        free(TAKE(target->temporary));
    copy_target_discard(target);
    return is_good;
}

void copy_target_discard(struct copy_target *target) {
    if (target->temporary != NULL)
        (void)unlink(target->temporary);
    else if (target->fd >= 0)
        file_discard(target->path, target->fd);
    file_close_at(&target->fd);
    free(TAKE(target->temporary));
    free(TAKE(target->path));
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "state/state_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "state/state.h"
#include "state/state_file_internal.h"

#define TRIES_MAX 100 // while others replace the file

// Gives the file its name unless there is one already.
static bool name_new(const char *temporary, const char *path) {
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return true;
    // On a file system without RENAME_NOREPLACE:
    if (errno != EINVAL || link(temporary, path) != 0)
        return false;
    (void)unlink(temporary);
    return true;
}

static bool write_empty_state(int fd) {
    struct state *empty = state_create();
    struct snapshot snapshot;
    snapshot_take(empty, &snapshot);
    bool is_written = true;
    for (size_t i = 0; i < snapshot.count && is_written; i++)
        is_written = file_write_all(fd, snapshot.pieces[i].iov_base, snapshot.pieces[i].iov_len, NULL);
    snapshot_finish(&snapshot);
    state_destroy(empty);
    return is_written && fsync(fd) == 0;
}

enum creation { CREATED, EXISTS, CANNOT_BE_CREATED };

static enum creation create_locked(const char *path, int *fd) {
    AUTO_FREE char *temporary = NULL;
    AUTO_CLOSE int new_fd = file_open_temporary(path, 0600, &temporary);
    if (new_fd < 0)
        return CANNOT_BE_CREATED;
    AUTO_CLOSE int locked_fd = write_empty_state(new_fd) ? file_open_locked(temporary) : -1;
    if (locked_fd >= 0 && name_new(temporary, path)) {
        *fd = locked_fd;
        locked_fd = -1;
        return CREATED;
    }
    enum creation result = errno == EEXIST ? EXISTS : CANNOT_BE_CREATED;
    (void)unlink(temporary);
    return result;
}

// Whether the open file still has the name.
static bool is_current(int fd, const char *path) {
    struct stat opened, named;
    return fstat(fd, &opened) == 0 && stat(path, &named) == 0 && opened.st_dev == named.st_dev &&
           opened.st_ino == named.st_ino;
}

// For a link to nothing, which is left for the first write to replace. Another process may have created the file
// meanwhile, so that it is not enough that there is something.
static bool is_link(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

// Sets *is_gone if the file is missing, or has been replaced meanwhile.
static enum state_lock lock_existing(const char *path, int *fd, bool *is_gone) {
    struct stat status;
    AUTO_CLOSE int opened = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    *is_gone = opened < 0 && errno == ENOENT && !is_link(path);
    if (opened < 0 || fstat(opened, &status) != 0 || !S_ISREG(status.st_mode))
        return STATE_HAS_NO_LOCK;
    if (flock(opened, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? STATE_IS_IN_USE : STATE_HAS_NO_LOCK;
    *is_gone = !is_current(opened, path);
    if (!*is_gone) {
        *fd = opened;
        opened = -1;
    }
    return STATE_LOCKED;
}

enum state_lock state_lock_try(const char *path, int *fd) {
    for (int i = 0; i < TRIES_MAX; i++) {
        bool is_gone;
        enum state_lock result = lock_existing(path, fd, &is_gone);
        if (!is_gone)
            return result;
        enum creation creation = create_locked(path, fd);
        if (creation != EXISTS)
            return creation == CREATED ? STATE_LOCKED : STATE_HAS_NO_LOCK;
    }
    return STATE_IS_IN_USE;
}

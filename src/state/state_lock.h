// SPDX-License-Identifier: GPL-3.0-or-later
// The lock on the state file (flock(2)), by which a daemon keeps others from its directory. The file's mode is 0600, so
// only its user and root can hold the lock. Each write replaces the file; the new one is locked before it gets its
// name.
#pragma once

enum state_lock {
    STATE_LOCKED,
    STATE_IS_IN_USE,   // by another process
    STATE_HAS_NO_LOCK, // the file cannot be created or opened, is not a regular file, or the file system has no locks
};

// Tries to lock the file, without waiting. A missing one is created, with an empty state. Sets *fd, which holds the
// lock while it is open (AUTO_CLOSE), only if it is locked.
enum state_lock state_lock_try(const char *path, int *fd);

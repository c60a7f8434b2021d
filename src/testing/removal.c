// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/removal_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "testing/entries_internal.h"

// A tree whose directories are filled while they are removed is given up.
#define PASSES_MAX 1000000

struct testing_removal {
    int fd;          // of the directory that is emptied
    size_t depth;    // below the top
    bool is_blocked; // something could not be removed
    int errnum;      // why
    bool was_left;   // a directory was left that is not empty
};

static int open_directory(int parent_fd, const char *name) {
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(parent_fd, name, flags);
    if (fd < 0 && errno == EACCES && fchmodat(parent_fd, name, S_IRWXU, 0) == 0)
        fd = openat(parent_fd, name, flags);
    if (fd >= 0)
        (void)fchmod(fd, S_IRWXU);
    return fd;
}

static bool move_to(struct testing_removal *removal, const char *name) {
    int fd = open_directory(removal->fd, name);
    if (fd < 0)
        return false;
    (void)close(removal->fd);
    removal->fd = fd;
    return true;
}

enum entry_result { ENTRY_REMOVED, ENTRY_LEFT, ENTRY_FULL };

static enum entry_result remove_entry(struct testing_removal *removal, const char *name) {
    if (unlinkat(removal->fd, name, 0) == 0 || errno == ENOENT)
        return ENTRY_REMOVED;
    int errnum = errno;
    if (errnum == EISDIR || errnum == EPERM) {
        if (unlinkat(removal->fd, name, AT_REMOVEDIR) == 0)
            return ENTRY_REMOVED;
        if (errno == ENOTEMPTY || errno == EEXIST)
            return ENTRY_FULL;
        errnum = errno == ENOTDIR ? errnum : errno;
    }
    removal->errnum = errnum;
    return ENTRY_LEFT;
}

// Removes what it can of one directory. True if it has moved to a directory below.
static bool pass(struct testing_removal *removal, bool *has_removed) {
    _Alignas(struct testing_entry) char bytes[TESTING_ENTRIES_BYTES];
    long length;
    while ((length = syscall(SYS_getdents64, removal->fd, bytes, sizeof bytes)) > 0) {
        for (long at = 0; at < length;) {
            const struct testing_entry *entry = (const void *)(bytes + at);
            at += entry->length;
            if (testing_entry_is_dot(entry))
                continue;
            enum entry_result result = remove_entry(removal, entry->name);
            *has_removed = *has_removed || result == ENTRY_REMOVED;
            // After a blocked one, full directories are left: their content may be what is blocked.
            if (result == ENTRY_FULL && !removal->is_blocked && move_to(removal, entry->name)) {
                removal->depth++;
                return true;
            }
            if (result != ENTRY_REMOVED)
                removal->was_left = true;
        }
    }
    return false;
}

// Works without a stack, so that the depth is not limited: a directory that is empty is removed in the next pass of
// its parent.
static void empty(struct testing_removal *removal) {
    for (int passes = 0; passes < PASSES_MAX; passes++) {
        bool has_removed = false;
        removal->was_left = false;
        (void)lseek(removal->fd, 0, SEEK_SET);
        if (pass(removal, &has_removed))
            continue;
        if (has_removed)
            continue; // until a pass finds nothing to remove
        if (removal->was_left)
            removal->is_blocked = true;
        if (removal->depth == 0 || !move_to(removal, ".."))
            return;
        removal->depth--;
    }
}

bool testing_remove_tree(int parent_fd, const char *name) {
    struct testing_removal removal = {.fd = open_directory(parent_fd, name)};
    if (removal.fd < 0)
        return errno == ENOENT || unlinkat(parent_fd, name, 0) == 0;
    empty(&removal);
    (void)close(removal.fd);
    if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0)
        return true;
    errno = removal.errnum != 0 ? removal.errnum : errno;
    return false;
}

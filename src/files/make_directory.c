// SPDX-License-Identifier: GPL-3.0-or-later
#include "files/make_directory_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

// Opens the directory only to find others in it: no permission to read it is needed.
static int open_place(int parent, const char *name) {
    return openat(parent, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool set_attributes(int directory, const struct directory_spec *spec) {
    if (fchmod(directory, spec->mode) != 0)
        return false;
    return !spec->owner.has_uid || fchown(directory, spec->owner.uid, spec->owner.gid) == 0;
}

// On some file systems, fsync() of a directory fails with EINVAL. One that may not be read cannot be synced.
static bool sync_place(int place) {
    AUTO_CLOSE int directory = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return directory < 0 || fsync(directory) == 0 || errno == EINVAL;
}

// False and errno on failure. What is at the name of the new directory is not followed if it is a link: somebody else
// may have replaced it.
static bool make_one(int parent, const char *name, const struct directory_spec *spec) {
    if (mkdirat(parent, name, 0700) != 0)
        return false;
    AUTO_CLOSE int made = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (made >= 0 && set_attributes(made, spec) && sync_place(parent))
        return true;
    int errnum = errno;
    (void)unlinkat(parent, name, AT_REMOVEDIR);
    errno = errnum;
    return false;
}

// Of a link whose target is missing, or that leads to itself, mkdir(2) reports that it exists.
static bool is_missing(int errnum) {
    return errnum == ENOENT || errnum == ELOOP;
}

// Returns a descriptor, or -1 and errno.
static int open_or_make(int parent, const char *name, bool is_last, const struct directory_spec *spec) {
    bool may_exist = !is_last || spec->makes_parents;
    bool may_make = is_last || spec->makes_parents;
    int place = open_place(parent, name);
    if (place >= 0 && !may_exist) {
        file_close_at(&place);
        errno = EEXIST;
        return -1;
    }
    if (place >= 0 || !is_missing(errno) || !may_make)
        return place;
    if (make_one(parent, name, spec))
        return open_place(parent, name);
    if (errno != EEXIST || !may_exist)
        return -1;
    // Somebody else has made it in the meantime, or it is a link to nothing.
    place = open_place(parent, name);
    if (place < 0 && is_missing(errno))
        errno = EEXIST;
    return place;
}

bool make_directory(const struct directory_spec *spec, struct error *err) {
    AUTO_FREE char *path = path_clean(spec->path);
    AUTO_CLOSE int place = open_place(AT_FDCWD, "/");
    if (path[1] == '\0' && !spec->makes_parents)
        return error_set_errno(err, EEXIST, "mkdir /");
    for (char *name = path + 1; place >= 0 && *name != '\0';) {
        char *end = strchrnul(name, '/');
        bool is_last = *end == '\0';
        *end = '\0';
        int next = open_or_make(place, name, is_last, spec);
        int errnum = errno;
        file_close_at(&place);
        if (!is_last && (next >= 0 || !spec->makes_parents))
            *end = '/';
        if (next < 0)
            return error_set_errno(err, errnum, "mkdir %s", path);
        place = next;
        name = is_last ? end : end + 1;
    }
    return place >= 0 || error_set_errno(err, errno, "mkdir %s", path);
}

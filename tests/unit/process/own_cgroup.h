// SPDX-License-Identifier: GPL-3.0-or-later
// Moves the test into a cgroup of its own, if that is possible, so that tests do not depend on what else is in its
// cgroup.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "process/tree_cgroup_internal.h"

enum cgroup_kind {
    CGROUP_NONE,         // the test stays where it is
    CGROUP_WITHOUT_ROOM, // no cgroup can be created in it
    CGROUP_WITH_ROOM,    // others can be created
};

struct own_cgroup {
    enum cgroup_kind kind;
    char *before, *path; // directories
};

static inline bool write_to(const char *directory, const char *name, const char *text) {
    AUTO_FREE char *path = path_join(directory, name);
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static inline char *current_cgroup(void) {
    AUTO_BUFFER struct buffer cgroup = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_BUFFER struct buffer mounts = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (!file_read("/proc/self/cgroup", &cgroup, NULL) || !file_read("/proc/self/mountinfo", &mounts, NULL))
        return NULL;
    return tree_cgroup_find(buffer_text(&cgroup), buffer_text(&mounts));
}

// False, and nothing is changed, if it is not possible.
static inline bool enter_own_cgroup(struct own_cgroup *own, enum cgroup_kind kind) {
    *own = (struct own_cgroup){.before = current_cgroup()};
    if (own->before == NULL)
        return false;
    own->path = memory_printf("%s/cobble-unit-%d", own->before, (int)getpid());
    if (mkdir(own->path, 0755) != 0)
        return false;
    if ((kind == CGROUP_WITHOUT_ROOM && !write_to(own->path, "cgroup.max.descendants", "0")) ||
        !write_to(own->path, "cgroup.procs", "0")) {
        (void)rmdir(own->path);
        return false;
    }
    own->kind = kind;
    return true;
}

// For children that have just been killed.
static inline void remove_directory_soon(const char *path) {
    for (int i = 0; i < 1000 && rmdir(path) != 0 && errno == EBUSY; i++)
        nanosleep(&(const struct timespec){.tv_nsec = 5000000}, NULL);
}

static inline void leave_own_cgroup(struct own_cgroup *own) {
    if (own->kind != CGROUP_NONE) {
        AUTO_FREE char *trees = path_join(own->path, "pebble");
        AUTO_FREE char *tree = path_join(trees, "db");
        (void)write_to(own->before, "cgroup.procs", "0");
        (void)write_to(own->path, "cgroup.kill", "1");
        remove_directory_soon(tree);
        remove_directory_soon(trees);
        remove_directory_soon(own->path);
    }
    free(own->before);
    free(own->path);
    *own = (struct own_cgroup){0};
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Private to process/: the cgroups of process trees. They are directories in `pebble`, in the daemon's own cgroup
// (version 2), if that is writable. The directory has mode 700 and is locked: a second daemon in the same cgroup does
// not use it. No controllers are enabled, so the daemon's own cgroup may contain processes.
//
// All functions but tree_cgroup_open_events() and tree_cgroup_is_populated() may wait for the kernel's lock of cgroups:
// for threads, from which they may be called at the same time.
#pragma once

#include "base/compiler.h"
#include "process/process.h"

#include <stdbool.h>
#include <sys/types.h>

struct tree_cgroups;

// Does nothing yet: the cgroup is looked for by the first tree_cgroup_open().
struct tree_cgroups *tree_cgroups_create(void) __attribute__((returns_nonnull));
// Removes the directories that are empty. When no thread uses it. NULL is fine.
void tree_cgroups_destroy(struct tree_cgroups *cgroups);

// The name of a service as that of a directory: each character but A-Z, a-z, 0-9, _ and - is %XX. Owned.
char *tree_cgroup_name(const char *service) __attribute__((returns_nonnull));
// NAME, or with a number NAME.N. Owned.
char *tree_cgroup_directory(const char *name, unsigned number) __attribute__((returns_nonnull));
// Creates a new directory: NAME, or NAME.1 and so on while processes of other runs are in those. Returns a descriptor
// of its file cgroup.procs, and sets *place. -1 and place->errnum if there is no cgroup for it: ENOENT without a cgroup
// of version 2, EBUSY if another process has locked it or there are too many directories.
int tree_cgroup_open(struct tree_cgroups *cgroups, const char *name, struct process_cgroup *place);

struct tree_cgroup {
    const char *directory;
    uint64_t inode; // a directory that has got its name later is left alone
};
// Signals all its processes, below it too; those of the process group `spared` (0: none) excepted, unless it is
// SIGKILL. Returns 0, or the errno of the first process that could not be signalled.
int tree_cgroup_signal(struct tree_cgroups *cgroups, const struct tree_cgroup *cgroup, int signal_number, pid_t spared);
// Removes the directory, with those below it. False if a process is in one of them.
bool tree_cgroup_remove(struct tree_cgroups *cgroups, const struct tree_cgroup *cgroup);

// Opens its file of events, which has POLLPRI when it has changed and is not read again yet. -1 and errno on failure.
int tree_cgroup_open_events(struct tree_cgroups *cgroups, const char *directory);
// Reads the file of events. Ended processes do not count that are not reaped.
bool tree_cgroup_is_populated(int events_fd);

// Finds the directory of the daemon's own cgroup in the texts of /proc/self/cgroup and /proc/self/mountinfo. Owned;
// NULL if no file system of version 2 shows it.
char *tree_cgroup_find(const char *cgroup_text, const char *mounts_text);

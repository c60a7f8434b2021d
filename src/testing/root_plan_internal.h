// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: what the root directory of a daemon of its own consists of. The test program prepares it as a
// list of steps, which the keeper executes in its namespaces without an allocation.
//
// Each directory of the machine's root is an overlay, whose upper directory is that of the same name below root/ of the
// temporary directory. Where overlayfs refuses that, what is in the directory is bound there read-only, each entry by
// itself, so that new entries can be made. /dev, /proc and /sys are read-only, but for devices; /run is empty.
#pragma once

#include "base/compiler.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>

#define TESTING_ROOT_NAME "root" // in the temporary directory
#define TESTING_WORK_NAME "work" // of overlayfs, beside it
#define TESTING_BOOT_ID_NAME "boot_id"

enum testing_step_kind {
    TESTING_STEP_OVERLAY,   // mounts an overlay of `source` at `target`; `skip` steps are left out if that succeeds
    TESTING_STEP_DIRECTORY, // binds the directory `source`, read-only, at `target`, which is made if necessary
    TESTING_STEP_FILE,      // the same with a file
    TESTING_STEP_LINK,      // makes the symbolic link `target` with the text `source`
    TESTING_STEP_WRITABLE,  // binds the directory `source`, writable, at `target`
    TESTING_STEP_MOUNT,     // mounts a new file system of the type `source` at `target`; `skip` as above
};

// Paths of the machine are absolute; targets are relative to the temporary directory.
struct testing_step {
    enum testing_step_kind kind;
    char *source;
    char *target;
    char *options; // of mount(2); may be NULL
    size_t skip;
    bool is_required; // its failure is a failure of all
};

struct testing_root {
    char *directory; // the temporary directory
    struct testing_step *steps;
    size_t count, capacity;
    // For the files uid_map and gid_map of the namespace.
    char *all_users; // NULL: the user may map only itself
    char *all_groups;
    char *own_user;
    char *own_group;
};

// Makes the directories below `directory`. `daemon_directory`, in it, is to be writable at its own path.
struct testing_root *testing_root_create(const char *directory, const char *daemon_directory,
                                         struct pebble_error *error) NODISCARD;
void testing_root_destroy(struct testing_root *root); // NULL is allowed

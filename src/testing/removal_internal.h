// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: removal of a directory tree by a process that may only call async-signal-safe functions.
#pragma once

#include <stdbool.h>

// Removes `name` in the directory `parent_fd` with all that is below it. Follows no symbolic links, makes directories
// accessible, and has no limit on the depth. Allocates nothing. False, with errno, if something cannot be removed;
// everything else is removed then.
bool testing_remove_tree(int parent_fd, const char *name);

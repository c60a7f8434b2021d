// SPDX-License-Identifier: GPL-3.0-or-later
// Private to files/: removes files and trees. Blocks.
#pragma once

#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

// A deeper tree is not removed.
#define REMOVE_DEPTH_MAX ((size_t)100000)

// Removes a file, a link or an empty directory: `remove PATH: directory not empty`. The path is absolute.
bool remove_path(const char *path, struct error *err) NODISCARD;
// Removes a tree too. Links are not followed, also not those that replace a directory meanwhile. Success if nothing is
// there. Goes on after a failure, and reports the first: `unlinkat PATH: permission denied`. Stops with
// ERROR_CANCELLED when *is_stopped becomes true. The depth of the tree is not limited by descriptors or the length of
// paths.
bool remove_tree(const char *path, const atomic_bool *is_stopped, struct error *err) NODISCARD;

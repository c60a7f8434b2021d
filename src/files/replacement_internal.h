// SPDX-License-Identifier: GPL-3.0-or-later
// Private to files/: a new file that takes the place of an old one when it is complete. Blocks.
//
// The new file has no name while it is written (O_TMPFILE), so that nothing is left of it if the daemon is killed.
// Where the file system cannot do that, it has a temporary name in the same directory: the target's, with a dot,
// letters and "~" behind it.
#pragma once

#include "base/accounts.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct replacement {
    char *path;
    int directory, file; // descriptors, -1 if not open
    char *temporary;     // name of the new file in the directory; NULL while it has none
};
#define REPLACEMENT_INIT                                                                                               \
    { .directory = -1, .file = -1 }

// Opens a new file for the place of `path`, absolute and copied. After a failure of this or of the functions below,
// call replacement_discard().
bool replacement_open(struct replacement *replacement, const char *path, struct error *err) NODISCARD;
bool replacement_write(struct replacement *replacement, const char *bytes, size_t length, struct error *err) NODISCARD;
// Sets permissions, whatever the umask, and the owner; syncs the file, puts it in its place, and syncs the directory.
// Links are replaced; a directory is not.
bool replacement_commit(struct replacement *replacement, mode_t mode, const struct account_choice *owner,
                        struct error *err) NODISCARD;
// Closes and removes what is left; nothing after a commit.
void replacement_discard(struct replacement *replacement);

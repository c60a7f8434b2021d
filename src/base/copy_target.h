// SPDX-License-Identifier: LGPL-3.0-or-later
// The local file to which a content is copied. A regular file is replaced when the copy is complete; until then it
// stays as it is.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct copy_target {
    int fd; // to write to
    // private
    char *path;      // symbolic links to a file are followed
    char *temporary; // becomes `path`; NULL: written in place
};
// Opens the target, or a temporary file beside it, with the mode and owner of what it replaces, else with `mode` less
// the umask. What is not a regular file, has several names, or cannot be replaced is emptied and written in place.
// `flags`: more flags for open(2). The errors read like Go's: `open /x: permission denied`.
bool copy_target_open(struct copy_target *target, const char *path, int flags, mode_t mode,
                      struct error *err) NODISCARD;
// Closes the file and puts it in its place. On failure what stood at the path stays; what was written in place stays
// too.
bool copy_target_commit(struct copy_target *target, struct error *err) NODISCARD;
// Closes it. What stood at the path stays; what was written in place is discarded. No effect on one that is closed.
void copy_target_discard(struct copy_target *target);
#define AUTO_COPY_TARGET CLEANUP(copy_target_discard)

// SPDX-License-Identifier: LGPL-3.0-or-later
// Files and directories. All blocking: fine at start-up and in worker pools, never in the loop.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

void file_close_at(int *fd); // cleanup: closes and sets -1; fine with -1
#define AUTO_CLOSE CLEANUP(file_close_at)

// Joins with one slash; an absolute `name` is joined all the same. Owned.
char *path_join(const char *directory, const char *name);
// Go's path.Clean and path.IsAbs. Owned.
char *path_clean(const char *path);
bool path_is_absolute(const char *path);

// Adds the whole file, within the buffer's limit (ERROR_TOO_LARGE beyond); follows symlinks. Error messages
// are those of Go's os package, which users see: `open PATH: no such file or directory`.
bool file_read(const char *path, struct buffer *out, struct error *err) NODISCARD;
// Replaces `path` by the pieces' content: temporary file in the same directory (its name begins with
// `path` and ends in "~"), written, fsynced, renamed, directory fsynced. On failure the temporary is
// removed and the old file is intact (only if the directory's sync is what failed, the new one is in place). The
// umask does not count; a symlink at `path` is replaced.
bool file_write_atomic(const char *path, const struct iovec *pieces, size_t count, mode_t mode,
                       struct error *err) NODISCARD;
// Removes temporaries that an earlier file_write_atomic() to `path` left behind when it was killed.
void file_remove_leftovers(const char *path);
// Writes all, retrying on EINTR and short writes; blocking descriptors only.
bool file_write_all(int fd, const void *data, size_t length, struct error *err) NODISCARD;

bool directory_exists(const char *path); // a directory, following symlinks
bool file_exists(const char *path);      // anything, following symlinks
// Makes the directory and its parents; those that exist are fine. The umask does not count.
bool directory_create_all(const char *path, mode_t mode, struct error *err) NODISCARD;
// Names of the entries (without . and ..), sorted by bytes.
bool directory_list(const char *path, struct text_list *names, struct error *err) NODISCARD;
// Copies a tree of regular files, directories and symlinks (followed: their targets are copied) into
// `target`, which is made if missing; permission bits are kept. A file that is in the way, a device or a FIFO is an
// error. Depth is limited to 64.
bool directory_copy(const char *source, const char *target, struct error *err) NODISCARD;

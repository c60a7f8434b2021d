// SPDX-License-Identifier: LGPL-3.0-or-later
// Files and directories. All functions block: for start-up and worker pools, not for the loop.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

void file_close_at(int *fd); // closes and sets -1; no effect on -1
#define AUTO_CLOSE CLEANUP(file_close_at)
// Makes an eventfd readable. A wake-up that is lost would be a hang: it tries again until that has succeeded.
void file_wake(int event_fd);

// Joins with one slash, also if `name` is absolute. Owned.
char *path_join(const char *directory, const char *name);
// Go's path.Clean, path.Base and path.IsAbs. Owned.
char *path_clean(const char *path);
char *path_base(const char *path);
bool path_is_absolute(const char *path);

// Adds the content of the file. ERROR_TOO_LARGE if it exceeds the limit of the buffer. Follows symlinks. Error messages
// are those of Go's os package: `open PATH: no such file or directory`. Never waits for another process: FIFOs, sockets
// and block devices are refused, `open PATH: not a regular file`.
bool file_read(const char *path, struct buffer *out, struct error *err) NODISCARD;
// The same, but also reads FIFOs and terminals to their end, such as /dev/stdin: for command lines.
bool file_read_stream(const char *path, struct buffer *out, struct error *err) NODISCARD;
// Adds what can still be read from the file that is open. `path` is for messages. If that fails, a part has been added.
bool file_read_all(int fd, const char *path, struct buffer *out, struct error *err) NODISCARD;
// Replaces the file `path` atomically: writes the pieces to a temporary file in the same directory (its name begins
// with `path` and ends in "~"), syncs and renames it, and syncs the directory. On failure the temporary file is removed
// and the old file is intact, unless only the sync of the directory failed. Ignores the umask. A symlink at `path` is
// replaced.
bool file_write_atomic(const char *path, const struct iovec *pieces, size_t count, mode_t mode,
                       struct error *err) NODISCARD;
// The same with mode 0600, and opens the new file with an exclusive lock (flock(2)) in *fd (AUTO_CLOSE), which it has
// before it gets its name. *fd is closed first if it was open; -1 if the file cannot be opened once more.
bool file_write_locked(const char *path, const struct iovec *pieces, size_t count, int *fd,
                       struct error *err) NODISCARD;
// Returns a name for a temporary file that is to replace `path` (or `name`, in its directory): the same with a dot,
// random letters and "~" behind it, owned. Open it with O_EXCL; if it exists, try again with the next `attempt`.
#define FILE_TEMPORARY_SUFFIX_BYTES ((size_t)14)
#define FILE_TEMPORARY_TRIES 100U
char *file_temporary_name(const char *path, unsigned attempt);
// Creates one next to `path` and opens it for writing. *name is owned. -1 and errno on failure.
int file_open_temporary(const char *path, mode_t mode, char **name);
// Opens a new file, which no other process uses, for reading, with an exclusive lock. A writing descriptor would keep
// its file system from being mounted read-only. Without the lock on file systems that have none; -1 and errno on
// failure.
int file_open_locked(const char *path);
// Removes temporary files that a killed file_write_atomic() to `path` has left.
void file_remove_leftovers(const char *path);
// Discards what was written to `fd`, if that is a regular file: empties it, and removes `path` if that is the file
// itself and not a symbolic link to it.
void file_discard(const char *path, int fd);
// Writes all bytes; retries on EINTR and short writes. For blocking descriptors.
bool file_write_all(int fd, const void *data, size_t length, struct error *err) NODISCARD;

bool directory_exists(const char *path); // a directory, following symlinks
bool file_exists(const char *path);      // anything, following symlinks
// Creates the directory and missing parents. Succeeds if it exists. Ignores the umask.
bool directory_create_all(const char *path, mode_t mode, struct error *err) NODISCARD;
// For loops over readdir().
void directory_close_at(DIR **directory); // no effect on NULL
#define AUTO_DIRECTORY CLEANUP(directory_close_at)
bool directory_is_dot(const char *name); // "." or ".."
// Names of the entries (without . and ..), sorted by bytes.
bool directory_list(const char *path, struct text_list *names, struct error *err) NODISCARD;
// Copies a tree of regular files, directories and symbolic links into `target`, which is created if missing. Links
// stay links: relative ones that lead out of the tree become absolute; `source` itself is followed. Keeps permission
// bits, and of directories the set-group-ID bit with its group. Fails on an existing file, a device or a FIFO, and
// below a depth of 64.
bool directory_copy(const char *source, const char *target, struct error *err) NODISCARD;
// Removes the directory and all below it, if it exists. Does not follow links.
bool directory_remove_tree(const char *path, struct error *err) NODISCARD;

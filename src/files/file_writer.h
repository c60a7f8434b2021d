// SPDX-License-Identifier: GPL-3.0-or-later
// Writes a file: the new content takes the place of the old one when it is complete, or nothing changes.
#pragma once

#include "base/accounts.h"
#include "base/error.h"
#include "files/file_manager.h"

#include <stdbool.h>
#include <stddef.h>

struct file_writer;

struct file_target {
    const char *path;
    const char *permissions;      // three octal digits; NULL or "": 644
    struct account_request owner; // of the file, and of directories that are made
    bool makes_directories;       // those that are missing, with permissions 755
};
struct file_writer_handlers {
    // A piece has been written: file_writer_is_full() is false, if it was true.
    void (*on_drained)(struct file_writer *writer, void *data);
    // Called once, after file_writer_finish(). The error is NULL on success: `open PATH: no such file or directory`,
    // `paths must be absolute, got "x"`, and others; it is borrowed.
    void (*on_finished)(struct file_writer *writer, const struct error *err, void *data);
};
// Everything is copied. The file system is first touched when there is a piece to be written, or at the end.
struct file_writer *file_writer_create(struct file_manager *manager, const struct file_target *target,
                                       const struct file_writer_handlers *handlers, void *data)
    __attribute__((returns_nonnull));
// Before file_writer_finish(), it leaves nothing behind but directories; afterwards it does not stop the writing.
void file_writer_destroy(struct file_writer *writer); // NULL is allowed

// Adds content. It is copied, always; but when the writer is full, wait for on_drained before you add more. What is
// added after a failure is dropped.
void file_writer_add(struct file_writer *writer, const char *bytes, size_t length);
bool file_writer_is_full(const struct file_writer *writer);
// The content is complete: the file is put in its place.
void file_writer_finish(struct file_writer *writer);

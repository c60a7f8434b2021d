// SPDX-License-Identifier: GPL-3.0-or-later
// Reads a file in large pieces: while one of them is being sent, a worker reads the next.
#pragma once

#include "base/error.h"
#include "files/file_manager.h"

#include <stddef.h>

struct file_reader;

enum file_reader_state {
    FILE_READER_BUSY, // `on_ready` will be called
    FILE_READER_PIECE,
    FILE_READER_END,
    FILE_READER_FAILED, // perhaps after some pieces
};
typedef void (*file_reader_ready_fn)(struct file_reader *reader, void *data);

// Begins to read a regular file, to its end, whatever size it has. Links are followed. A path that is not absolute is
// an error: `paths must be absolute, got "x"`; so is anything but a file: `can only read a regular file: "x"`.
// `on_ready` is called, from the loop, each time the state is no longer FILE_READER_BUSY.
struct file_reader *file_reader_create(struct file_manager *manager, const char *path, file_reader_ready_fn on_ready,
                                       void *data) __attribute__((returns_nonnull));
void file_reader_destroy(struct file_reader *reader); // NULL is allowed

// After FILE_READER_PIECE: the piece, at least one byte, valid until it has been consumed. Pieces that were read before
// a failure come first.
enum file_reader_state file_reader_state(const struct file_reader *reader, const char **bytes, size_t *length);
void file_reader_consume(struct file_reader *reader, size_t length);     // all of the piece, or its beginning
const struct error *file_reader_error(const struct file_reader *reader); // after FILE_READER_FAILED

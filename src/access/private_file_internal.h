// SPDX-License-Identifier: GPL-3.0-or-later
// Private to access/: files that only their owner may read, each with one PEM block, in a directory that only its owner
// may use. All functions block.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>

#define PRIVATE_FILE_BYTES_MAX ((size_t)65536)

// Makes the directory with mode 0700, or checks that it has that mode:
// `expected permission 0o700 (got 0o755) for "PATH"`.
bool private_directory_prepare(const char *path, struct error *err) NODISCARD;
// Decodes the only block of the file, which must have this label: `content` is replaced, and may be a secret. A missing
// file is no failure; `exists` is false then. Fails if the file is not regular (links are not followed), has another
// mode than 0600, is too large, or for the reasons of pem_read_only_block(), with ` in "PATH"` behind them.
bool private_file_read_block(const char *path, const char *label, struct buffer *content, bool *exists,
                             struct error *err) NODISCARD;
// Writes the file as a whole or not at all, with mode 0600.
bool private_file_write(const char *path, const struct buffer *text, struct error *err) NODISCARD;

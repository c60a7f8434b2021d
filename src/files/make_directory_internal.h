// SPDX-License-Identifier: GPL-3.0-or-later
// Private to files/: makes directories. Blocks.
#pragma once

#include "base/accounts.h"
#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct directory_spec {
    const char *path; // absolute; it is made clean first
    mode_t mode;      // of the directory and of new parents; the umask is ignored
    struct account_choice owner;
    bool makes_parents; // and accepts a directory that exists
};
// Directories that exist stay as they are. A new one gets permissions and owner, or is removed. Messages:
// `mkdir PATH: file exists`.
bool make_directory(const struct directory_spec *spec, struct error *err) NODISCARD;

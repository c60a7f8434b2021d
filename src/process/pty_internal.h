// SPDX-License-Identifier: GPL-3.0-or-later
// Private to process/: pseudo-terminals (pty(7)), opened without helper programs.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

// Opens both ends, close-on-exec and not as controlling terminal. The slave is owned by `uid` and `gid`; its modes are
// the kernel's defaults. Errors: `terminal: …`.
bool pty_open(uid_t uid, gid_t gid, int *master, int *slave, struct error *err) NODISCARD;
// Both numbers are above 0; above 65535 they count as 65535.
bool pty_resize(int master, unsigned columns, unsigned rows, struct error *err);

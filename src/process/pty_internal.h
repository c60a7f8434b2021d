// SPDX-License-Identifier: GPL-3.0-or-later
// Private to process/: pseudo-terminals (pty(7)), straight from the kernel, without helper programs.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>

// Opens both ends, close-on-exec, neither of them as a controlling terminal. The slave is given to `uid` and `gid`; its
// modes are the kernel's for a fresh terminal. Errors: `terminal: …`.
bool pty_open(uid_t uid, gid_t gid, int *master, int *slave, struct error *err) NODISCARD;
// Both above 0; numbers beyond 65535 count as that.
bool pty_resize(int master, unsigned columns, unsigned rows, struct error *err);

// SPDX-License-Identifier: LGPL-3.0-or-later
// How much memory the system allows the process.
#pragma once

#include <stddef.h>

// The smallest of RLIMIT_AS, RLIMIT_DATA and the limits of the cgroups of the process, as far as they can be seen;
// SIZE_MAX if there is none. Reads files: for the start of a program.
size_t memory_limit_bytes(void);
// Those of the cgroups in a text like that of /proc/self/cgroup, of version 1 or 2 (cgroups(7)). `mount`: where they
// are, "/sys/fs/cgroup".
size_t memory_limit_of_cgroups(const char *cgroups, const char *mount);

// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: ends processes, for a process that may only call async-signal-safe functions.
#pragma once

#include <stdbool.h>

#include <sys/types.h>

// Sends SIGKILL to all children of this process, reaps them, and repeats that for those that become its children when
// their parents have ended, which needs PR_SET_CHILD_SUBREAPER or a PID namespace. Returns when there are none,
// or, without a /proc of this PID namespace, at once. Allocates nothing.
void testing_kill_descendants(void);
// The parent in the text of /proc/PID/stat; -1 if it is malformed.
pid_t testing_parent_of(const char *stat);

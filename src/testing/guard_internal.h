// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: the process of the guardian, which may only call async-signal-safe functions.
#pragma once

#include "testing/launch_internal.h"

#include <sys/types.h>

#define TESTING_GUARD_DISMISS 'D' // a byte that ends the guardian at once

// What it sends first over `life`.
struct testing_greeting {
    pid_t pid;
    int errnum; // why the directory cannot be created, without a program; else 0
};

struct testing_guard_fds {
    int life;    // readable when the test program has ended or wants the guardian to end
    int control; // for the keeper
    int caller;  // a pidfd of the test program, for when one of its children has a copy of its sockets; -1: none
};

// Does not return.
_Noreturn void testing_guard_run(const struct testing_launch *launch, const struct testing_guard_fds *fds);

// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/fork_internal.h"

#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

// The order of the parameters differs, but those after the flags are all 0.
pid_t testing_fork(unsigned long flags) {
#if defined(__s390__) || defined(__s390x__)
    return (pid_t)syscall(SYS_clone, 0L, flags, 0L, 0L, 0L);
#else
    return (pid_t)syscall(SYS_clone, flags, 0L, 0L, 0L, 0L);
#endif
}

// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: fork without the functions of pthread_atfork(), which may wait for a lock that another thread of
// the test program holds.
#pragma once

#include <sys/types.h>

// `flags`: of clone(2), with the signal that the parent gets at the child's end. The child has a copy of the memory,
// and may only call async-signal-safe functions.
pid_t testing_fork(unsigned long flags);

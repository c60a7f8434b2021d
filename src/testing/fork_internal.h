// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: fork without the functions of pthread_atfork(), which may wait for a lock that another thread of
// the test program holds.
#pragma once

#include <sys/types.h>

// `flags`: of clone(2), with the signal that the parent gets at the child's end. The child has a copy of the memory,
// and may only call async-signal-safe functions.
pid_t testing_fork(unsigned long flags);

// A child reports over a pipe whether it has succeeded, as its exit code may be changed: a leak checker has one of its
// own. `errnum` is 0 for success. Async-signal-safe.
void testing_fork_report(int fd, int errnum);
// Waits for a child that was forked with the flags 0, and returns what it has reported; ECANCELED if it has ended
// without a report. The caller has closed its copy of the writing end.
int testing_fork_await(pid_t pid, int fd);

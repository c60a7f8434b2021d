// SPDX-License-Identifier: GPL-3.0-or-later
// Makes one allocation, or one system call, of this process fail. The functions of libc that are concerned are defined
// here, so that a shared library that the program is linked with calls them, too.
#pragma once

#include <stdbool.h>

enum failure_kind { FAILURE_NONE, FAILURE_ALLOCATION, FAILURE_SYSTEM_CALL };

// The call with this number, from 1 on, fails; so do, with `lasts`, those that follow. A system call fails with
// `errnum`.
void failure_begin(enum failure_kind kind, long number, bool lasts, int errnum);
// Whether a call has failed. Calls are not counted any more.
bool failure_end(void);
long failure_count(void); // of the calls since the beginning
// Allocations since the beginning that were not freed.
long failure_live_allocations(void);
// Open descriptors of the process, and a constant number: for comparison.
unsigned failure_open_descriptors(void);

// Whether a system call can fail so. The descriptor is that of its first argument, -1 if that is none.
typedef bool (*failure_can_fail_fn)(const char *name, int fd, int errnum);
// Calls of which this is not true are not counted and do not fail.
void failure_restrict(failure_can_fail_fn can);

// For the functions that replace those of libc. Counts a system call. Whether it has to fail; then errno is set.
bool failure_is_due(const char *name, int fd);
// The function of libc, for a pointer to a function of its type that is NULL at first.
void failure_find_next(void *pointer, const char *name);

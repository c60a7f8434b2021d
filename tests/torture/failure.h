// SPDX-License-Identifier: GPL-3.0-or-later
// Makes one allocation, or one system call, of this process fail. The functions of libc that are concerned are defined
// here, so that a shared library that the program is linked with calls them, too.
#pragma once

#include <stdbool.h>

enum failure_kind { FAILURE_NONE, FAILURE_ALLOCATION, FAILURE_SYSTEM_CALL };

// The call with this number, from 1 on, fails; so do, with `lasts`, those that follow. A system call fails with
// `errnum`.
void failure_begin(enum failure_kind kind, long number, bool lasts, int errnum);
// From now on, calls fail only as the system may let them fail: epoll_ctl() when it adds, with ENOMEM; read() not on
// pipes and eventfds. libuv relies on that.
void failure_must_be_possible(void);
// Whether a call has failed. Calls are not counted any more.
bool failure_end(void);
long failure_count(void); // of the calls since the beginning
// Allocations since the beginning that were not freed.
long failure_live_allocations(void);
// Open descriptors of the process, and a constant number: for comparison.
unsigned failure_open_descriptors(void);

// SPDX-License-Identifier: GPL-3.0-or-later
// Children that stop themselves before exec, as their user could stop them from outside.
#pragma once

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process/process.h"
#include "process/process_internal.h"

#ifdef PEBBLE_TEST_SEAMS

static uid_t stopping_uid;    // children of this user stop
static int stopped_count;     // as many have stopped, ever; written by the children, which share the memory
#define WITHOUT_USER 4000000U // a uid that nothing runs as

__attribute__((no_sanitize("address", "undefined"))) static void stop_before_exec(const struct process_spec *spec) {
    uid_t uid = spec->account.has_uid ? spec->account.uid : (uid_t)syscall(SYS_getuid);
    if (uid != stopping_uid)
        return;
    __atomic_add_fetch(&stopped_count, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_kill, syscall(SYS_getpid), SIGSTOP);
}

static inline void stop_children_of(uid_t uid) {
    stopping_uid = uid;
    stopped_count = 0;
    process_before_exec = stop_before_exec;
}

static inline void stop_no_children(void) {
    stopping_uid = WITHOUT_USER;
}

static inline int count_stopped(void) {
    return __atomic_load_n(&stopped_count, __ATOMIC_SEQ_CST);
}

#endif

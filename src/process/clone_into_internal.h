// SPDX-License-Identifier: GPL-3.0-or-later
// Private to process/: creates a child in a cgroup, with vfork semantics and a stack of its own, like clone() with
// CLONE_VM and CLONE_VFORK. The C library has no function for clone3().
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct clone_child {
    int (*run)(void *data); // in the child; its result is the exit status
    void *data;
    char *stack; // aligned to 16 bytes
    size_t stack_bytes;
    pid_t *pid;    // written before the child runs
    int cgroup_fd; // of the directory
};

// Returns 0 in the parent when the child has executed a program or ended, or an errno: ENOSYS on other machines than
// x86-64 and AArch64.
int clone_into_cgroup(const struct clone_child *child);

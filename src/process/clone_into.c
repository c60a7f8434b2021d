// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/clone_into_internal.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "base/compiler.h"

#if defined(SYS_clone3) && defined(CLONE_INTO_CGROUP) && (defined(__x86_64__) || defined(__aarch64__))

// In assembly, because the child returns from the system call on an empty stack. Both leave all registers alone but
// those that are named.
static long clone_and_run(const struct clone_args *args, int (*run)(void *data), void *data) {
#ifdef __x86_64__
    long result;
    __asm__ volatile("syscall\n\t"
                     "testq %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "movq %[data], %%rdi\n\t"
                     "callq *%[run]\n\t"
                     "movl %%eax, %%edi\n\t"
                     "movl %[exit], %%eax\n\t"
                     "syscall\n\t"
                     "ud2\n"
                     "1:"
                     : "=a"(result)
                     : "a"((long)SYS_clone3), "D"(args),
                       "S"(sizeof *args), [run] "r"(run), [data] "r"(data), [exit] "i"(SYS_exit)
                     : "rcx", "r11", "cc", "memory");
    return result;
#else
    register long x0 __asm__("x0") = (long)args;
    register long x1 __asm__("x1") = (long)sizeof *args;
    register long x8 __asm__("x8") = SYS_clone3;
    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x0, %[data]\n\t"
                     "blr %[run]\n\t"
                     "mov x8, %[exit]\n\t"
                     "svc #0\n\t"
                     "brk #0\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(x1), "r"(x8), [run] "r"(run), [data] "r"(data), [exit] "i"(SYS_exit)
                     : "cc", "memory");
    return x0;
#endif
}

int clone_into_cgroup(const struct clone_child *child) {
    const struct clone_args args = {
        .flags = CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | CLONE_INTO_CGROUP,
        .parent_tid = (uintptr_t)child->pid,
        .exit_signal = SIGCHLD,
        .stack = (uintptr_t)child->stack,
        .stack_size = child->stack_bytes,
        .cgroup = (unsigned)child->cgroup_fd,
    };
    long result = clone_and_run(&args, child->run, child->data);
    return result < 0 ? (int)-result : 0;
}

#else

int clone_into_cgroup(const struct clone_child *child UNUSED) {
    return ENOSYS;
}

#endif

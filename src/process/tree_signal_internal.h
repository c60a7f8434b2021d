// SPDX-License-Identifier: GPL-3.0-or-later
// Private to process/: /proc/PID/stat, and signals to processes that are not known to be unreaped children. The signal
// goes through a descriptor of the process (pidfd), and what it refers to is looked at after it was opened: a process
// that has got the PID of another is not signalled. Linux before 5.3 has no such descriptors; there the signal follows
// at once.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_stat {
    pid_t parent, group;
    uint64_t start; // clock ticks since boot; with the PID it identifies a process
    bool is_dead;   // it has ended, with all threads, and is not reaped
};

// `text`: the content of /proc/PID/stat. False if it has another form.
bool process_stat_parse(const char *text, struct process_stat *stat);
// `proc_fd`: of the directory /proc. False if there is no such process.
bool process_stat_read(int proc_fd, pid_t pid, struct process_stat *stat);

// The start of a process, 0 if it is not known. Does not block.
uint64_t process_start(pid_t pid);

// Both return 0 or an errno: ESRCH if the process has ended, or is another.
int tree_signal_process(pid_t pid, uint64_t start, int signal_number);
// If the process is in the cgroup or in one below it; `cgroup` is its path, as /proc/PID/cgroup shows it.
int tree_signal_in_cgroup(pid_t pid, const char *cgroup, int signal_number);

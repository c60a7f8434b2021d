// SPDX-License-Identifier: GPL-3.0-or-later
// Private to process/: finds the processes of trees in /proc. One snapshot of all processes serves many trees. Reading
// takes linear time, finding too. Nothing here is for the loop: the environment of a process cannot be read while its
// memory is locked, which may be as long as a file system hangs.
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TREE_VARIABLE "PEBBLE_RUN" // its value is the mark of a tree
#define TREE_MARK_SIZE 33          // 32 hexadecimal digits and a NUL

struct tree_process {
    pid_t pid;
    uint64_t start;   // see struct process_stat
    bool is_in_group; // in the process group of the main process
};

struct tree_process_list {
    struct tree_process *items;
    size_t count, capacity;
};

// They return false if there is no memory: the number of processes is not ours to limit.
void tree_process_list_clear(struct tree_process_list *list);
bool tree_process_list_add(struct tree_process_list *list, const struct tree_process *process) NODISCARD;
bool tree_process_list_copy(struct tree_process_list *to, const struct tree_process_list *from) NODISCARD;
bool tree_process_list_has(const struct tree_process_list *list, const struct tree_process *process);

struct tree_snapshot;

struct tree_scan {
    const char *proc;                     // "/proc"
    pid_t daemon;                         // orphans of trees are children of this process
    const struct tree_process_list *hung; // their environments are not read
    _Atomic pid_t reading;                // the process whose environment is being read, 0 for none
    _Atomic uint64_t reading_start;       // of the same
    _Atomic size_t read_count;            // processes so far
};

// Reads all processes, 131,072 at most. NULL and an errno on failure: ENOMEM; E2BIG; ENOENT if /proc is missing or
// shows another PID namespace.
struct tree_snapshot *tree_snapshot_take(struct tree_scan *scan, int *errnum);
void tree_snapshot_destroy(struct tree_snapshot *snapshot); // NULL is fine

// What belongs to a tree.
struct tree_query {
    pid_t main_pid;      // with its process group while it is a child of the daemon, reaped or not; 0: unknown
    uint64_t main_start; // of the main process, as it may be reaped and its PID be given to another; 0: unknown
    const char *mark;
    const struct tree_process_list *known; // by earlier scans
};

// Adds the tree's processes that have not ended, those that they have descended from it, and orphans with its mark.
// False if there is no memory.
bool tree_snapshot_find(struct tree_snapshot *snapshot, const struct tree_query *query,
                        struct tree_process_list *found) NODISCARD;
struct tree_marks {
    char (*items)[TREE_MARK_SIZE];
    size_t count;
};
// Adds the children of the daemon that no query has found and that have none of these marks, or whose mark cannot be
// read. False if there is no memory.
bool tree_snapshot_list_strays(const struct tree_snapshot *snapshot, const struct tree_marks *living,
                               struct tree_process_list *found) NODISCARD;

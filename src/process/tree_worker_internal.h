// SPDX-License-Identifier: GPL-3.0-or-later
// Private to process/: looks at process trees and signals them in a thread. Requests that come while it works are done
// together afterwards, with one scan of /proc for all of them.
#pragma once

#include "base/list.h"
#include "loop/loop.h"
#include "process/reaper.h"
#include "process/tree_cgroup_internal.h"
#include "process/tree_scan_internal.h"

#include <stdbool.h>

struct tree_worker;
struct tree_request;

// A line for the log.
typedef void (*tree_note_fn)(const char *text, void *data);

struct tree_worker_spec {
    struct loop *loop;
    struct reaper *reaper;
    const char *proc;     // NULL: "/proc"
    tree_note_fn on_note; // NULL is fine
    void *data;
};

struct tree_worker *tree_worker_create(const struct tree_worker_spec *spec) __attribute__((returns_nonnull));
// Waits up to a second for work that has begun. Returns false if that hangs in the kernel; the worker then remains.
// When all requests are over or released. NULL is fine.
bool tree_worker_destroy(struct tree_worker *worker);
struct loop *tree_worker_loop(const struct tree_worker *worker);
struct reaper *tree_worker_reaper(const struct tree_worker *worker);
struct tree_cgroups *tree_worker_cgroups(const struct tree_worker *worker);
// A process could not be created in a cgroup. It is noted the first time.
void tree_worker_note_no_cgroup(struct tree_worker *worker, int errnum);

// The processes of a tree that were found. The owner removes it from the list.
struct tree_known {
    struct list link;
    const char *mark; // of the tree, borrowed
    struct tree_process_list processes;
};
void tree_worker_add_known(struct tree_worker *worker, struct tree_known *known);

struct tree_request_spec {
    const char *cgroup;    // the directory of its cgroup; NULL: the tree is found in /proc
    uint64_t cgroup_inode; // of the same
    bool removes_cgroup;
    bool notes_strays;    // orphans that no tree can claim are noted
    int signal_number;    // 0: none
    bool is_group_spared; // the main process' group has got the signal already; not with SIGKILL
    pid_t main_pid;       // see struct tree_query
    uint64_t main_start;  // the same
    const char *mark;
    const struct tree_known *known;
};

struct tree_result {
    bool is_failed;                   // the members could not be found
    bool is_unsent;                   // nor was the signal sent
    bool is_removed;                  // the cgroup
    struct tree_process_list members; // that live, unless it has failed; the function may take it
};

// Called from the loop, once. The request is freed afterwards.
typedef void (*tree_request_done_fn)(struct tree_result *result, void *data);

// Copies what the spec points to.
struct tree_request *tree_request_start(struct tree_worker *worker, const struct tree_request_spec *spec,
                                        tree_request_done_fn on_done, void *data) __attribute__((returns_nonnull));
// on_done is not called. Signals are sent all the same. NULL is fine.
void tree_request_release(struct tree_request *request);

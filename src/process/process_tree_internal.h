// SPDX-License-Identifier: GPL-3.0-or-later
// Private to process/: the process tree of a job: its main process, and the processes that have descended from it. The
// two ways to find it are described in docs/internals/process.md. Nothing is read while the job runs, unless a scan or
// a signal is wanted.
#pragma once

#include "process/process.h"
#include "process/tree_worker_internal.h"

struct process_tree;
// No process of the tree lives any more, but the main one may not be reaped. Called from the loop, once.
typedef void (*process_tree_gone_fn)(void *data);

// `name`: of the service.
struct process_tree *process_tree_create(struct tree_worker *worker, const char *name, process_tree_gone_fn on_gone,
                                         void *data) __attribute__((returns_nonnull));
// The processes continue. Signals are sent all the same. NULL is fine.
void process_tree_destroy(struct process_tree *tree);

// The value of the variable PEBBLE_RUN of its processes.
const char *process_tree_mark(const struct process_tree *tree);
// Sets the cgroup that the process is to enter; `spec` borrows from the tree.
void process_tree_prepare(const struct process_tree *tree, struct process_spec *spec);
// The main process runs.
void process_tree_launched(struct process_tree *tree, pid_t pid, const struct process_cgroup *cgroup);
// Finds processes, so that they are known after their parents have ended. At most once in a second.
void process_tree_scan(struct process_tree *tree);
// Sends the signal to all processes but those in the group of the main process, which the caller signals, and with
// SIGKILL to those as well. After SIGKILL, processes that are found later get it too. From process_tree_launched() on.
void process_tree_signal(struct process_tree *tree, int signal_number);
// The main process has ended and must not be reaped before on_gone is called or the tree is destroyed.
void process_tree_main_ended(struct process_tree *tree);

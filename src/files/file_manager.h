// SPDX-License-Identifier: GPL-3.0-or-later
// Files of the machine, for clients: lists, reads, writes, makes and removes them. All work on file systems is done by
// a pool of worker threads: one that hangs, in a dead mount, stops neither the loop nor the shutdown. Page:
// docs/internals/files.md.
//
// Operations are file_list.h, file_batch.h, file_reader.h and file_writer.h. Each reports from the loop, never from
// within one of their functions, and not at all once it has been destroyed. Errors have the codes of the API,
// "not-found", "permission-denied" or "generic-file-error", with the kind that gives the status of the response, and
// messages in the form of Go's os package: `open PATH: no such file or directory`.
#pragma once

#include "base/descriptors.h"
#include "loop/loop.h"

// Further operations fail; so do fewer if the limit of descriptors is low.
#define FILE_OPERATIONS_MAX ((size_t)1024)

struct file_manager;

struct file_manager *file_manager_create(struct loop *loop, struct descriptor_budget *descriptors)
    __attribute__((returns_nonnull));
// Destroy all operations before. Waits up to a second for work that cannot be interrupted. False if a worker hangs: the
// loop may be destroyed nevertheless, but not the descriptor budget. NULL is allowed.
bool file_manager_destroy(struct file_manager *manager);

// SPDX-License-Identifier: LGPL-3.0-or-later
// The budget of file descriptors, shared by connections, processes and files, so that none of them can exhaust the
// descriptors of the others or of the daemon. It only counts; its users open and close descriptors. For one thread.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

// Descriptors of the limit that a single use cannot take; half of the limit if that is less.
#define DESCRIPTORS_RESERVED ((size_t)128)
// Upper bound for connections, whatever the limit is.
#define DESCRIPTORS_CONNECTIONS_MAX ((size_t)16384)

enum descriptor_use { DESCRIPTORS_CONNECTIONS, DESCRIPTORS_PROCESSES, DESCRIPTORS_FILES, DESCRIPTOR_USES };

struct descriptor_budget;

// `limit` is RLIMIT_NOFILE, or SIZE_MAX if there is none. Half of the reserved descriptors are for the daemon itself
// and never given out. A quarter is guaranteed to each use, whatever the others have taken.
struct descriptor_budget *descriptor_budget_create(size_t limit) __attribute__((returns_nonnull));
void descriptor_budget_destroy(struct descriptor_budget *budget); // NULL is allowed
// Takes `count` descriptors or none. ERROR_UNAVAILABLE with errnum EMFILE ("too many open files") if too few are left.
bool descriptor_budget_take(struct descriptor_budget *budget, enum descriptor_use use, size_t count,
                            struct error *err) NODISCARD;
// Gives back `count` descriptors, at most as many as the use has taken.
void descriptor_budget_give_back(struct descriptor_budget *budget, enum descriptor_use use, size_t count);
// How many descriptors the use can still take.
size_t descriptor_budget_left(const struct descriptor_budget *budget, enum descriptor_use use);

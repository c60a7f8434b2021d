// SPDX-License-Identifier: LGPL-3.0-or-later
// The one budget of file descriptors that connections, processes and files draw from, so that no use of them leaves the
// others or the daemon itself without. It counts; opening and closing is its users' business. For one thread.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

// Of the limit so many stay out of reach of any one use, or half of a limit below twice of that.
#define DESCRIPTORS_RESERVED ((size_t)128)
// Connections never hold more, whatever the limit is.
#define DESCRIPTORS_CONNECTIONS_MAX ((size_t)16384)

enum descriptor_use { DESCRIPTORS_CONNECTIONS, DESCRIPTORS_PROCESSES, DESCRIPTORS_FILES, DESCRIPTOR_USES };

struct descriptor_budget;

// `limit`: RLIMIT_NOFILE; SIZE_MAX where there is none. Of what is reserved, half is the daemon's own and never given
// to any use; a quarter is kept for each use that holds less than that, however much the others hold.
struct descriptor_budget *descriptor_budget_create(size_t limit) __attribute__((returns_nonnull));
void descriptor_budget_destroy(struct descriptor_budget *budget); // NULL is fine
// Takes all or nothing. ERROR_UNAVAILABLE with errnum EMFILE ("too many open files") when fewer than `count` are left.
bool descriptor_budget_take(struct descriptor_budget *budget, enum descriptor_use use, size_t count,
                            struct error *err) NODISCARD;
// At most what the use has taken.
void descriptor_budget_give_back(struct descriptor_budget *budget, enum descriptor_use use, size_t count);
// How many the use can still take.
size_t descriptor_budget_left(const struct descriptor_budget *budget, enum descriptor_use use);

// SPDX-License-Identifier: GPL-3.0-or-later
// Deadlines of one duration, with a single timer: starting and stopping a deadline needs no system call.
#pragma once

#include "base/list.h"
#include "loop/loop.h"

#define DEADLINE_NEVER INT64_MAX

// Embedded in a structure of the owner; zeroed initially.
struct deadline {
    struct list link;
    int64_t since_ns; // monotonic; when it was started
};

struct deadline_list;
// The deadline has been stopped and may be started again.
typedef void (*deadline_due_fn)(struct deadline *deadline, void *data);

// `duration_ns` is positive. With DEADLINE_NEVER no deadline is ever due, and the list only keeps the order.
struct deadline_list *deadline_list_create(struct loop *loop, int64_t duration_ns, deadline_due_fn on_due, void *data)
    __attribute__((returns_nonnull));
// Stops all deadlines. NULL is allowed. Must not be called from on_due.
void deadline_list_destroy(struct deadline_list *list);
void deadline_list_set_duration(struct deadline_list *list, int64_t duration_ns); // while it is empty
// Returns the deadline started first, NULL if there is none.
struct deadline *deadline_list_oldest(const struct deadline_list *list);

// Starts the deadline from now. A running one is restarted, also if it is in another list.
void deadline_start(struct deadline_list *list, struct deadline *deadline);
void deadline_stop(struct deadline *deadline); // no effect if it is not running
bool deadline_is_running(const struct deadline *deadline);
int64_t deadline_age_ns(const struct deadline *deadline); // time since it was started

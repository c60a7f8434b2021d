// SPDX-License-Identifier: GPL-3.0-or-later
// Deadlines that all have the same duration, with one timer: starting and stopping one costs no system call.
#pragma once

#include "base/list.h"
#include "loop/loop.h"

#define DEADLINE_NEVER INT64_MAX

// The owner's, embedded in its own structure and zeroed at first.
struct deadline {
    struct list link;
    int64_t since_ns; // monotonic; when it was started
};

struct deadline_list;
// The deadline has been stopped and may be started again.
typedef void (*deadline_due_fn)(struct deadline *deadline, void *data);

// `duration_ns` is more than 0; with DEADLINE_NEVER none is ever due, and the list only keeps the order.
struct deadline_list *deadline_list_create(struct loop *loop, int64_t duration_ns, deadline_due_fn on_due, void *data)
    __attribute__((returns_nonnull));
// Stops all of them. NULL is fine. Not from within on_due.
void deadline_list_destroy(struct deadline_list *list);
void deadline_list_set_duration(struct deadline_list *list, int64_t duration_ns); // while it is empty
// The one that was started first, NULL if there is none.
struct deadline *deadline_list_oldest(const struct deadline_list *list);

// From now on; one that runs is started anew, also if it was in another list.
void deadline_start(struct deadline_list *list, struct deadline *deadline);
void deadline_stop(struct deadline *deadline); // fine if it does not run
bool deadline_is_running(const struct deadline *deadline);
int64_t deadline_age_ns(const struct deadline *deadline); // since it was started

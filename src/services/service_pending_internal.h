// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: which services have tasks that have not begun. While there is one, an earlier run of the
// service counts for no condition.
#pragma once

#include "base/event.h"
#include "base/map.h"

#include <stdbool.h>

struct service_manager;
struct task;

struct service_pending {
    struct map names;  // by task ID: the key of `counts`, owned
    struct map counts; // "start NAME", "stop NAME" -> the number of tasks, as (void *)(uintptr_t)
    struct listener task_ended;
};

// Counts the tasks of changes that an earlier daemon has left.
void service_pending_begin(struct service_manager *manager);
void service_pending_end(struct service_manager *manager);
// A start or stop task was created.
void service_pending_add(struct service_manager *manager, const struct task *task);
// It begins.
void service_pending_remove(struct service_manager *manager, const struct task *task);
bool service_is_pending(const struct service_manager *manager, const char *kind, const char *name);

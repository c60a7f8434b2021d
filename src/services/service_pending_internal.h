// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: which services have tasks that have not begun. While there is one, an earlier run of the
// service counts for no condition.
#pragma once

#include "base/map.h"

#include <stdbool.h>

struct service_pending {
    struct map keys;   // by task ID: the key of `counts`, owned
    struct map counts; // "start NAME", "stop NAME" -> the number of tasks, as (void *)(uintptr_t)
};

void service_pending_init(struct service_pending *pending);
void service_pending_finish(struct service_pending *pending);
// `kind`: "start" or "stop".
void service_pending_add(struct service_pending *pending, const char *task_id, const char *kind, const char *name);
bool service_pending_remove(struct service_pending *pending, const char *task_id); // false if it was not added
bool service_pending_is_empty(const struct service_pending *pending);
bool service_pending_has(const struct service_pending *pending, const char *kind, const char *name);

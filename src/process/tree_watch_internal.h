// SPDX-License-Identifier: GPL-3.0-or-later
// Private to process/: watches whether a tree's cgroup has processes.
#pragma once

#include "loop/loop.h"
#include "process/tree_cgroup_internal.h"

#include <stdbool.h>

struct tree_watch;
typedef void (*tree_watch_changed_fn)(void *data);

// NULL if the events of the cgroup cannot be watched: it has been removed, or there are no descriptors. `on_changed` is
// called from the loop.
struct tree_watch *tree_watch_create(struct loop *loop, struct tree_cgroups *cgroups, const char *name,
                                     tree_watch_changed_fn on_changed, void *data);
void tree_watch_destroy(struct tree_watch *watch); // NULL is fine; also from on_changed

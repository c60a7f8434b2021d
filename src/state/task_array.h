// SPDX-License-Identifier: GPL-3.0-or-later
// A growing array of tasks, which it does not own. All zero is an empty one.
#pragma once

#include "base/compiler.h"

#include <stddef.h>

struct task;

struct task_array {
    struct task **items;
    size_t count;
    size_t capacity;
};

void task_array_add(struct task_array *array, struct task *task);
void task_array_finish(struct task_array *array); // frees the array, not the tasks
#define AUTO_TASK_ARRAY CLEANUP(task_array_finish)

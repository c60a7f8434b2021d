// SPDX-License-Identifier: GPL-3.0-or-later
// A growing array of tasks that it does not own. All zero is an empty array.
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

struct task;

struct task_array {
    struct task **items;
    size_t count;
    size_t capacity;
};

void task_array_add(struct task_array *array, struct task *task);
bool task_array_has(const struct task_array *array, const struct task *task);
void task_array_remove(struct task_array *array, const struct task *task); // all of its places
void task_array_finish(struct task_array *array);                          // frees the array, not the tasks
#define AUTO_TASK_ARRAY CLEANUP(task_array_finish)

// SPDX-License-Identifier: GPL-3.0-or-later
#include "state/task_array.h"

#include <stdlib.h>

#include "base/memory.h"

void task_array_add(struct task_array *array, struct task *task) {
    array->items = memory_grow(array->items, &array->capacity, array->count + 1, sizeof *array->items);
    array->items[array->count++] = task;
}

void task_array_finish(struct task_array *array) {
    free(array->items);
    *array = (struct task_array){0};
}

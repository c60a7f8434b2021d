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

bool task_array_has(const struct task_array *array, const struct task *task) {
    for (size_t i = 0; i < array->count; i++) {
        if (array->items[i] == task)
            return true;
    }
    return false;
}

void task_array_remove(struct task_array *array, const struct task *task) {
    size_t kept = 0;
    for (size_t i = 0; i < array->count; i++) {
        if (array->items[i] != task)
            array->items[kept++] = array->items[i];
    }
    array->count = kept;
}

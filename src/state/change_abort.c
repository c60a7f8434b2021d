// SPDX-License-Identifier: GPL-3.0-or-later
// Which tasks go down together. Tasks of one lane share their fate, and so does what waits for any of them,
// with its lanes in turn. A task that also is in a lane where all is well stays. Rules: docs/state.md.
// Declared in state/change_internal.h.
#include "state/change_internal.h"

#include <stdlib.h>

#include "base/memory.h"

enum lane_fate { LANE_UNTOUCHED, LANE_CONDEMNED, LANE_ABORTED };

struct abortion {
    struct change *change;
    unsigned char *fates;    // enum lane_fate, kept at the place of a lane's first entry
    struct task_array tasks; // to be aborted, in the order they were found
};

static int compare_entries(const void *a, const void *b) {
    const struct lane_entry *left = a, *right = b;
    if (left->lane != right->lane)
        return left->lane < right->lane ? -1 : 1;
    return (left->task->number > right->task->number) - (left->task->number < right->task->number);
}

static void change_index_lanes(struct change *change) {
    if (change->lane_index != NULL)
        return;
    size_t total = 0, count;
    for (size_t i = 0; i < change->tasks.count; i++) {
        task_lanes(change->tasks.items[i], &count);
        total += count;
    }
    change->lane_index = memory_new_array(total, sizeof *change->lane_index);
    for (size_t i = 0; i < change->tasks.count; i++) {
        struct task *task = change->tasks.items[i];
        const int64_t *lanes = task_lanes(task, &count);
        for (size_t k = 0; k < count; k++)
            change->lane_index[change->lane_index_count++] = (struct lane_entry){lanes[k], task};
    }
    qsort(change->lane_index, total, sizeof *change->lane_index, compare_entries);
}

// The index of the lane's first entry.
static size_t lane_start(const struct change *change, int64_t lane) {
    size_t low = 0, high = change->lane_index_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (change->lane_index[middle].lane < lane)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_live(const struct task *task) {
    return !task->is_marked &&
           (task->status == STATUS_DO || task->status == STATUS_DOING || task->status == STATUS_DONE);
}

static bool lane_is_healthy(const struct abortion *abortion, size_t start) {
    const struct change *change = abortion->change;
    if (abortion->fates[start] != LANE_UNTOUCHED)
        return false;
    for (size_t i = start; i < change->lane_index_count && change->lane_index[i].lane == change->lane_index[start].lane;
         i++) {
        if (!is_live(change->lane_index[i].task))
            return false;
    }
    return true;
}

static bool is_kept_by_a_lane(const struct abortion *abortion, const struct task *task) {
    size_t count;
    const int64_t *lanes = task_lanes(task, &count);
    for (size_t i = 0; i < count; i++) {
        if (lane_is_healthy(abortion, lane_start(abortion->change, lanes[i])))
            return true;
    }
    return false;
}

static void mark_task(struct abortion *abortion, struct task *task) {
    if (task->is_marked)
        return;
    task->is_marked = true;
    task_array_add(&abortion->tasks, task);
}

static void condemn_lanes(struct abortion *abortion, const struct task *task) {
    size_t count;
    const int64_t *lanes = task_lanes(task, &count);
    for (size_t i = 0; i < count; i++) {
        unsigned char *fate = &abortion->fates[lane_start(abortion->change, lanes[i])];
        if (*fate == LANE_UNTOUCHED)
            *fate = LANE_CONDEMNED;
    }
}

static void mark_condemned_lanes(struct abortion *abortion, const struct task *task) {
    const struct change *change = abortion->change;
    size_t count;
    const int64_t *lanes = task_lanes(task, &count);
    for (size_t i = 0; i < count; i++) {
        size_t start = lane_start(change, lanes[i]);
        if (abortion->fates[start] != LANE_CONDEMNED)
            continue;
        abortion->fates[start] = LANE_ABORTED;
        for (size_t k = start; k < change->lane_index_count && change->lane_index[k].lane == lanes[i]; k++) {
            if (!is_kept_by_a_lane(abortion, change->lane_index[k].task))
                mark_task(abortion, change->lane_index[k].task);
        }
    }
}

static void abortion_begin(struct abortion *abortion, struct change *change) {
    change_index_lanes(change);
    *abortion = (struct abortion){.change = change, .fates = memory_new(change->lane_index_count)};
}

// Follows marks to what they bring down, then does it.
static void abortion_finish(struct abortion *abortion) {
    struct task_array *tasks = &abortion->tasks;
    for (size_t i = 0; i < tasks->count; i++) {
        struct task *task = tasks->items[i];
        condemn_lanes(abortion, task);
        mark_condemned_lanes(abortion, task);
        for (size_t k = 0; k < task->halts.count; k++)
            mark_task(abortion, task->halts.items[k]);
    }
    for (size_t i = 0; i < tasks->count; i++)
        tasks->items[i]->is_marked = false;
    for (size_t i = 0; i < tasks->count; i++) {
        if (tasks->items[i]->status == STATUS_DO)
            task_set_status(tasks->items[i], STATUS_HOLD);
        else if (tasks->items[i]->status == STATUS_DOING)
            task_set_status(tasks->items[i], STATUS_ABORT);
    }
    task_array_finish(tasks);
    free(abortion->fates);
}

void change_abort_all(struct change *change) {
    struct abortion abortion;
    abortion_begin(&abortion, change);
    for (size_t i = 0; i < change->tasks.count; i++)
        mark_task(&abortion, change->tasks.items[i]);
    abortion_finish(&abortion);
}

void change_abort_lanes_of(struct task *task) {
    struct abortion abortion;
    abortion_begin(&abortion, task->change);
    condemn_lanes(&abortion, task);
    mark_condemned_lanes(&abortion, task);
    abortion_finish(&abortion);
}

void change_abort_unready_lanes(struct change *change) {
    struct abortion abortion;
    abortion_begin(&abortion, change);
    for (size_t i = 0; i < change->tasks.count; i++) {
        if (!status_is_ready(change->tasks.items[i]->status))
            condemn_lanes(&abortion, change->tasks.items[i]);
    }
    for (size_t i = 0; i < change->tasks.count; i++)
        mark_condemned_lanes(&abortion, change->tasks.items[i]);
    abortion_finish(&abortion);
}

bool change_abort(struct change *change, struct error *err) {
    if (change->is_ready)
        return error_set(err, ERROR_BAD_REQUEST, "cannot abort change %s with nothing pending", change->id);
    change_abort_all(change);
    return true;
}

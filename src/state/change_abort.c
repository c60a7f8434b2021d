// SPDX-License-Identifier: GPL-3.0-or-later
// Selects the tasks that are aborted together: those of the lanes of a failed or aborted task, the tasks that wait for
// any of them, and the lanes of these. A task that is also in an intact lane is left alone. The rules are in
// docs/internals/state.md. Declared in state/change_internal.h.
#include "state/change_internal.h"

#include <stdlib.h>

#include "base/memory.h"

enum lane_state { LANE_UNAFFECTED, LANE_SELECTED, LANE_ABORTED };

struct lane_abort {
    struct change *change;
    unsigned char *lane_states; // enum lane_state, at the index of a lane's first entry
    struct task_array tasks;    // to be aborted, in the order they were found
    bool has_passed_barrier;    // those after the barrier are among them
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

static bool is_intact(const struct task *task) {
    return !task->is_marked &&
           (task->status == STATUS_DO || task->status == STATUS_DOING || task->status == STATUS_DONE);
}

static bool lane_is_intact(const struct lane_abort *lane_abort, size_t start) {
    const struct change *change = lane_abort->change;
    if (lane_abort->lane_states[start] != LANE_UNAFFECTED)
        return false;
    for (size_t i = start; i < change->lane_index_count && change->lane_index[i].lane == change->lane_index[start].lane;
         i++) {
        if (!is_intact(change->lane_index[i].task))
            return false;
    }
    return true;
}

static bool is_kept_by_a_lane(const struct lane_abort *lane_abort, const struct task *task) {
    size_t count;
    const int64_t *lanes = task_lanes(task, &count);
    for (size_t i = 0; i < count; i++) {
        if (lane_is_intact(lane_abort, lane_start(lane_abort->change, lanes[i])))
            return true;
    }
    return false;
}

static void mark_task(struct lane_abort *lane_abort, struct task *task) {
    if (task->is_marked)
        return;
    task->is_marked = true;
    task_array_add(&lane_abort->tasks, task);
}

static void select_lanes(struct lane_abort *lane_abort, const struct task *task) {
    size_t count;
    const int64_t *lanes = task_lanes(task, &count);
    for (size_t i = 0; i < count; i++) {
        unsigned char *lane_state = &lane_abort->lane_states[lane_start(lane_abort->change, lanes[i])];
        if (*lane_state == LANE_UNAFFECTED)
            *lane_state = LANE_SELECTED;
    }
}

static void mark_selected_lanes(struct lane_abort *lane_abort, const struct task *task) {
    const struct change *change = lane_abort->change;
    size_t count;
    const int64_t *lanes = task_lanes(task, &count);
    for (size_t i = 0; i < count; i++) {
        size_t start = lane_start(change, lanes[i]);
        if (lane_abort->lane_states[start] != LANE_SELECTED)
            continue;
        lane_abort->lane_states[start] = LANE_ABORTED;
        for (size_t k = start; k < change->lane_index_count && change->lane_index[k].lane == lanes[i]; k++) {
            if (!is_kept_by_a_lane(lane_abort, change->lane_index[k].task))
                mark_task(lane_abort, change->lane_index[k].task);
        }
    }
}

static void mark_after_barrier(struct lane_abort *lane_abort) {
    const struct task_array *after = &lane_abort->change->barrier_after;
    for (size_t i = 0; !lane_abort->has_passed_barrier && i < after->count; i++)
        mark_task(lane_abort, after->items[i]);
    lane_abort->has_passed_barrier = true;
}

static void lane_abort_begin(struct lane_abort *lane_abort, struct change *change) {
    change_index_lanes(change);
    *lane_abort = (struct lane_abort){.change = change, .lane_states = memory_new(change->lane_index_count)};
}

// Extends the selection to all dependants, then sets the status of the selected tasks.
static void lane_abort_finish(struct lane_abort *lane_abort) {
    struct task_array *tasks = &lane_abort->tasks;
    for (size_t i = 0; i < tasks->count; i++) {
        struct task *task = tasks->items[i];
        select_lanes(lane_abort, task);
        mark_selected_lanes(lane_abort, task);
        for (size_t k = 0; k < task->halts.count; k++)
            mark_task(lane_abort, task->halts.items[k]);
        if (task->barrier_side == BARRIER_BEFORE)
            mark_after_barrier(lane_abort);
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
    free(lane_abort->lane_states);
}

void change_abort_all(struct change *change) {
    struct lane_abort lane_abort;
    lane_abort_begin(&lane_abort, change);
    for (size_t i = 0; i < change->tasks.count; i++)
        mark_task(&lane_abort, change->tasks.items[i]);
    lane_abort_finish(&lane_abort);
}

void change_abort_lanes_of(struct task *task) {
    struct lane_abort lane_abort;
    lane_abort_begin(&lane_abort, task->change);
    select_lanes(&lane_abort, task);
    mark_selected_lanes(&lane_abort, task);
    lane_abort_finish(&lane_abort);
}

void change_abort_unready_lanes(struct change *change) {
    struct lane_abort lane_abort;
    lane_abort_begin(&lane_abort, change);
    for (size_t i = 0; i < change->tasks.count; i++) {
        if (!status_is_ready(change->tasks.items[i]->status))
            select_lanes(&lane_abort, change->tasks.items[i]);
    }
    for (size_t i = 0; i < change->tasks.count; i++)
        mark_selected_lanes(&lane_abort, change->tasks.items[i]);
    lane_abort_finish(&lane_abort);
}

bool change_abort(struct change *change, struct error *err) {
    if (change->is_ready)
        return error_set(err, ERROR_BAD_REQUEST, "cannot abort change %s with nothing pending", change->id);
    change_abort_all(change);
    return true;
}

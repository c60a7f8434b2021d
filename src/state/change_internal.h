// SPDX-License-Identifier: GPL-3.0-or-later
// Private to state/: the structure of a change.
#pragma once

#include "state/change.h"
#include "state/task_internal.h"

struct lane_entry {
    int64_t lane;
    struct task *task;
};

struct change {
    struct state *state;
    struct list link;
    uint64_t number;
    char id[ID_SIZE];
    char *kind, *summary;
    enum task_status explicit_status;  // STATUS_DEFAULT: it follows from the tasks
    enum task_status announced_status; // of the last state_change_updated()
    enum task_status notice_status;    // of the last change-update notice
    bool is_ready;
    struct wall_time spawn_time, ready_time;
    int64_t spawned_ns, ready_ns;       // these by state_clock_ns()
    json_t *data, *extra;               // NULL while empty
    struct task_array tasks;            // owned
    size_t status_counts[STATUS_COUNT]; // how many tasks are in each status
    struct lane_entry *lane_index;      // sorted by lane; NULL until an abort needs it
    size_t lane_index_count;
    struct task_array barrier_after; // these wait for all tasks on the other side of the barrier
    size_t barrier_count;            // of those on the other side, the tasks that are not Done
    struct shared_text *text;
};

struct change *change_create_numbered(struct state *state, uint64_t number, const char *kind, const char *summary)
    __attribute__((returns_nonnull));
void change_touch(struct change *change);
void change_remove(struct change *change); // with its tasks
void change_add_task(struct change *change, struct task *task);
void change_drop_lane_index(struct change *change); // after a change of tasks or their lanes
// Puts the task on a side of the barrier of the change. Those before it must be there first. Touches nothing.
void change_join_barrier(struct change *change, struct task *task, enum barrier_side side);
void change_pass_barrier(struct change *change); // a task before the barrier is Done
void change_task_status_changed(struct change *change, enum task_status old, enum task_status now);

// change_abort.c
void change_abort_all(struct change *change);  // every task
void change_abort_lanes_of(struct task *task); // of a failed task: its lanes, and what waits for them
void change_abort_unready_lanes(struct change *change);

// SPDX-License-Identifier: GPL-3.0-or-later
// Private to state/: the structure of a task.
#pragma once

#include "base/list.h"
#include "base/text.h"
#include "state/shared_text_internal.h"
#include "state/state_internal.h"
#include "state/task.h"
#include "state/task_array.h"

#define STATUS_COUNT (STATUS_WAIT + 1)
#define ID_SIZE 24 // a decimal number of 64 bits

// On which side of the barrier of its change a task is.
enum barrier_side { BARRIER_NONE, BARRIER_BEFORE, BARRIER_AFTER };

struct task {
    struct state *state;
    struct change *change; // NULL only while the state file is being read
    uint64_t number;
    char id[ID_SIZE];
    char *kind, *summary;
    enum task_status status;        // never STATUS_DEFAULT
    enum task_status waited_status; // as read from the file: this program never sets STATUS_WAIT
    struct wall_time spawn_time, ready_time;
    int64_t doing_ns;
    json_t *data, *extra;    // NULL while empty
    struct task_array waits; // the tasks that this one waits for
    struct task_array halts; // those that wait for this one
    size_t blocker_count;    // of `waits`, those not Done; one more for a barrier that is closed
    enum barrier_side barrier_side;
    int64_t *lanes; // none: lane 0
    size_t lane_count, lane_capacity;
    struct text_list log;
    char *progress_label; // NULL: progress was not set
    int64_t progress_done, progress_total;
    struct shared_text *text;
    bool is_marked; // selected by an abort, see change_abort.c
    // For the runner:
    struct list run_link;
    bool is_running;
    int64_t begun_ns;
};

struct task *task_create_numbered(struct state *state, uint64_t number, const char *kind, const char *summary)
    __attribute__((returns_nonnull));
void task_destroy(struct task *task);
void task_touch(struct task *task);
void task_set_status(struct task *task, enum task_status status);
void task_release(struct task *task); // one that it waits for is Done, or the barrier is open
// Adds the task to one of the runner's lists (runnable, aborting) by its status.
void task_enqueue(struct task *task);
// Its lanes, at least one. Borrowed.
const int64_t *task_lanes(const struct task *task, size_t *count);

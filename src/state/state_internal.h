// SPDX-License-Identifier: GPL-3.0-or-later
// Private to state/: the structure that holds all objects of the state. The files depend on each other in this order:
// shared_text, task_array, state_data; notice, task and change; change_abort, change_notices; state; prune, state_read,
// state_write, runner; checkpoint. Only task and change use each other.
#pragma once

#include "base/clock.h"
#include "base/event.h"
#include "base/list.h"
#include "base/map.h"
#include "state/state.h"

#define STATE_PATCH_LEVEL 2 // of the state file

struct change_notices;
struct shared_text;

struct state {
    struct list changes;       // change.link, by number
    struct map changes_by_id;  // -> struct change
    struct map tasks_by_id;    // -> struct task
    struct list notices;       // notice.link, by last-repeated
    struct map notices_by_id;  // -> struct notice
    struct map notices_by_key; // by user, type and key -> struct notice
    size_t custom_notices;     // of these
    struct change_notices *change_notices;
    uint64_t last_change_id, last_task_id, last_notice_id;
    int64_t last_lane_id;
    int64_t clock_offset_ns;         // of state_clock_ns() from the monotonic clock
    int64_t latest_repeated_ns;      // of all notices ever recorded; new ones get a later time
    struct wall_time latest_warning; // of those that had not expired when it was set
    int64_t latest_warning_end_ns;   // when it expires by state_clock_ns(), unless it occurs again
    json_t *data;                    // the member "data"
    json_t *extra;                   // unknown members at the top of the state file; NULL if there are none
    struct shared_text *data_text;
    size_t file_bytes; // of the last snapshot, or what was left after pruning
    struct event change_created, change_updated, change_ready, change_removed, task_ended, notice_added;
    struct event modified;   // argument: none; the content of the state file has changed
    uint64_t generation;     // counts these modifications
    struct list runnable;    // task.run_link: the runner may begin or resume them
    struct list aborting;    // task.run_link: running and to be aborted
    struct event work_added; // argument: none; a task was added to one of these two lists
};

// The time since 1970 as if nobody had set the wall clock since the state was created. Ages are counted by this clock:
// neither a clock that is set nor times of an earlier daemon from the future make anything too old or keep it for ever.
int64_t state_clock_ns(const struct state *state);
// A wall-clock time of an earlier daemon by that clock: now if it is in the future.
int64_t state_clock_past_ns(const struct state *state, struct wall_time time);
// Counts a modification. Called by each object's *_touch(), which also drops its serialised text.
void state_touch(struct state *state);
// Removes all objects, as after state_create(). Listeners stay.
void state_clear(struct state *state);

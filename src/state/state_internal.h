// SPDX-License-Identifier: GPL-3.0-or-later
// How the module keeps its objects; private to state/. Whoever alters something that the state file shows calls
// the object's *_touch(), which drops its cached text and announces `modified`.
#pragma once

#include "base/buffer.h"
#include "base/map.h"
#include "state/piece_internal.h"
#include "state/state.h"

#include <sys/uio.h>

#define STATUS_COUNT (STATUS_WAIT + 1)
#define ID_SIZE 24 // a decimal number of 64 bits

struct task_array {
    struct task **items;
    size_t count;
    size_t capacity;
};
void task_array_add(struct task_array *array, struct task *task);
void task_array_finish(struct task_array *array); // frees the array, not the tasks

struct state {
    struct list changes;  // change.link, by number
    struct map change_of; // id -> struct change
    struct map task_of;   // id -> struct task
    struct list notices;  // notice.link, by last-repeated
    struct map notice_of; // user, type and key -> struct notice
    struct map notice_by_id;
    uint64_t last_change_id, last_task_id, last_notice_id;
    int64_t last_lane_id;
    int64_t latest_repeated_ns; // of all notices ever seen: new ones come after it
    struct wall_time latest_warning;
    json_t *data;  // the member "data"
    json_t *extra; // members of the top that are not known here; NULL if none
    struct piece *data_text;
    struct event change_ready, change_updated, notice_added;
    struct event modified; // argument: none; something that the file shows was altered
    uint64_t generation;   // counts the alterations
    struct list runnable;  // task.run_link: what the runner may begin or settle
    struct list aborting;  // task.run_link: under way and now to be aborted
    struct event work;     // argument: none; one of the two lists has got a task
};
void state_touch(struct state *state);
void state_clear(struct state *state); // as state_create() left it; listeners stay

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
    enum task_status set_status; // STATUS_DEFAULT: worked out from the counts
    enum task_status observed_status, noticed_status;
    bool is_ready;
    struct wall_time spawn_time, ready_time;
    json_t *data, *extra;               // NULL while empty
    struct task_array tasks;            // owned
    size_t status_counts[STATUS_COUNT]; // how many tasks have each status
    struct lane_entry *lanes;           // by lane, made when first needed
    size_t lane_entry_count;
    struct piece *text;
};
struct change *change_make(struct state *state, uint64_t number, const char *kind, const char *summary)
    __attribute__((returns_nonnull));
void change_touch(struct change *change);
void change_remove(struct change *change); // with its tasks and its notice
void change_attach(struct change *change, struct task *task);
void change_forget_lanes(struct change *change);
// A task's status went from `old` to `now`.
void change_task_moved(struct change *change, enum task_status old, enum task_status now);
void change_abort_all(struct change *change);  // every task
void change_abort_lanes_of(struct task *task); // a failed task's lanes, and what waits for them
void change_abort_unready_lanes(struct change *change);

struct task {
    struct state *state;
    struct change *change; // NULL only while the file is being read
    uint64_t number;
    char id[ID_SIZE];
    char *kind, *summary;
    enum task_status status;        // never STATUS_DEFAULT
    enum task_status waited_status; // kept as read: nothing here waits
    struct wall_time spawn_time, ready_time;
    int64_t doing_ns;
    json_t *data, *extra;           // NULL while empty
    struct task_array waits, halts; // whom it waits for; who waits for it
    size_t blocker_count;           // of `waits`, those not Done
    int64_t *lanes;                 // none means lane 0
    size_t lane_count, lane_capacity;
    struct text_list log;
    char *progress_label; // NULL: progress was not set
    int64_t progress_done, progress_total;
    struct piece *text;
    bool is_marked; // while an abort is worked out
    // The runner's:
    struct list run_link;
    bool is_under_way;
    int64_t begun_ns;
};
struct task *task_make(struct state *state, uint64_t number, const char *kind, const char *summary)
    __attribute__((returns_nonnull));
void task_destroy(struct task *task);
void task_touch(struct task *task);
void task_set_status(struct task *task, enum task_status status);
void task_place(struct task *task); // puts it into the runner's list that its status asks for, if any
// The lanes, lane 0 if it joined none.
const int64_t *task_lanes(const struct task *task, size_t *count);

struct notice *notice_find(struct state *state, const struct notice_spec *spec); // by user, type and key; expired too
void notice_insert(struct state *state, struct notice *notice); // at the end of the list; takes it over
void notice_destroy(struct notice *notice);
void notice_remove(struct state *state, struct notice *notice);
bool notice_is_expired(const struct notice *notice, int64_t now_ns);
void notices_count_warnings(struct state *state); // works latest_warning out anew

// What a write needs, held until snapshot_finish().
struct snapshot {
    struct iovec *pieces;
    size_t count;
    struct piece **held;
    size_t held_count;
};
void snapshot_take(struct state *state, struct snapshot *snapshot);
void snapshot_finish(struct snapshot *snapshot);
// Fills an empty state from a state file's text; on failure the state is empty again.
bool state_read(struct state *state, const char *text, size_t length, struct error *err) NODISCARD;
#define STATE_PATCH_LEVEL 2

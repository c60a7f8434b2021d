// SPDX-License-Identifier: GPL-3.0-or-later
// Changes and tasks: what the daemon was asked to do, how far it is, and how it ended; the notices that
// tell of it; all of it kept in the state file (checkpoint.h) in the reference's format. Rules: docs/state.md.
#pragma once

#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/event.h"
#include "base/list.h"
#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

// The numbers are those of the state file.
enum task_status {
    STATUS_DEFAULT = 0, // of a change: worked out from its tasks; of a task: STATUS_DO
    STATUS_HOLD = 1,
    STATUS_DO = 2,
    STATUS_DOING = 3,
    STATUS_DONE = 4,
    STATUS_ABORT = 5,
    STATUS_UNDO = 6,
    STATUS_UNDOING = 7,
    STATUS_UNDONE = 8,
    STATUS_ERROR = 9,
    STATUS_WAIT = 10,
};
const char *status_name(enum task_status status); // "Doing"
bool status_is_ready(enum task_status status);    // Done, Undone, Hold, Error: nothing more happens

struct state;
struct change;
struct task;

struct state *state_create(void) __attribute__((returns_nonnull));
void state_destroy(struct state *state);

// --- changes ---
// Made with the next number, spawned now. Its tasks are added with task_create(); while it has none it is in
// status Hold but not ready. Records the change-update notice.
struct change *change_create(struct state *state, const char *kind, const char *summary)
    __attribute__((returns_nonnull));
// The same with the member "notice-data", an object of strings that are added to the data of the change's
// notices, from the first on. `notice_data` is taken over.
struct change *change_create_with_notice_data(struct state *state, const char *kind, const char *summary,
                                              json_t *notice_data) __attribute__((returns_nonnull));
struct change *state_find_change(struct state *state, const char *id); // NULL when there is none
const char *change_id(const struct change *change);
struct state *change_state(const struct change *change);
const char *change_kind(const struct change *change);
const char *change_summary(const struct change *change);
enum task_status change_status(const struct change *change); // the worked out one
bool change_is_ready(const struct change *change);
struct wall_time change_spawn_time(const struct change *change);
struct wall_time change_ready_time(const struct change *change); // not set while it is not ready
// What failed, as the API shows it: `cannot perform the following tasks:\n- Start service "x" (reason)`. Owned, NULL if
// nothing failed.
char *change_error(const struct change *change);
// Members kept with the change in the state file ("service-names", "notice-data", …). `value` is taken over; NULL
// removes.
void change_set_data(struct change *change, const char *key, json_t *value);
const json_t *change_data(const struct change *change, const char *key); // NULL when absent
// Tasks that have not begun become Hold; those under way become Abort now and are told in the next turn.
// Done ones stay. ERROR_BAD_REQUEST
// `cannot abort change 1 with nothing pending` if it is ready.
bool change_abort(struct change *change, struct error *err) NODISCARD;
// Sets the status of a change without tasks (a replan with nothing to do is Done at once).
void change_set_status(struct change *change, enum task_status status);
// Each change / each task of a change, in the order of their numbers: return false from `visit` to stop.
typedef bool (*change_visit_fn)(struct change *change, void *data);
void state_each_change(struct state *state, change_visit_fn visit, void *data);
struct task *change_task(const struct change *change, size_t index); // in the order of adding; NULL past the end
size_t change_task_count(const struct change *change);
struct event *state_change_ready(struct state *state);   // argument: struct change *, once, when it becomes ready
struct event *state_change_updated(struct state *state); // argument: struct change *, at each change of its status

// --- tasks ---
struct task *task_create(struct change *change, const char *kind, const char *summary) __attribute__((returns_nonnull));
struct task *state_find_task(struct state *state, const char *id);
const char *task_id(const struct task *task);
const char *task_kind(const struct task *task);
const char *task_summary(const struct task *task);
enum task_status task_status(const struct task *task);
struct change *task_change(const struct task *task);
struct state *task_state(const struct task *task);
struct wall_time task_spawn_time(const struct task *task);
struct wall_time task_ready_time(const struct task *task);
void task_wait_for(struct task *task, struct task *other); // `task` begins only when `other` is Done
int64_t state_new_lane(struct state *state);
void task_join_lane(struct task *task, int64_t lane);
size_t task_log_count(const struct task *task);
const char *task_log_line(const struct task *task, size_t index); // "2026-01-02T03:04:05Z INFO text"
// At most ten lines are kept, the oldest go first.
void task_log_info(struct task *task, const char *format, ...) PRINTF_LIKE(2, 3);
void task_log_error(struct task *task, const char *format, ...) PRINTF_LIKE(2, 3);
void task_set_data(struct task *task, const char *key, json_t *value);
const json_t *task_data(const struct task *task, const char *key);
// Progress as shown: 0 of 1 in status Do, else 1 of 1, unless set.
void task_progress(const struct task *task, const char **label, int64_t *done, int64_t *total);
void task_set_progress(struct task *task, const char *label, int64_t done, int64_t total);

// --- other parts of the state file ---
// Sections that other modules own under "data" ("identities"): written as given, kept as they are if nobody registers.
void state_set_data(struct state *state, const char *key, json_t *value);
const json_t *state_data(const struct state *state, const char *key);

// --- notices (notices.c) ---
struct notice {
    char *id;
    bool has_user_id;
    uint32_t user_id;
    char *type; // "custom", "change-update", "warning"
    char *key;
    struct wall_time first_occurred, last_occurred, last_repeated;
    int64_t occurrences;
    struct text_list data_names, data_values; // last-data, by name
    int64_t repeat_after_ns;                  // 0: none
    int64_t expire_after_ns;
    // private: how it is kept
    struct list link;
    uint64_t number;
    json_t *extra;
    struct piece *text;
};
struct notice_spec {
    bool has_user_id;
    uint32_t user_id;
    const char *type, *key;
    const struct text_list *data_names, *data_values; // NULL: none
    int64_t repeat_after_ns;
    struct wall_time time; // not set: now
};
// Records an occurrence: makes the notice or updates the one of that user, type and key. Its id (borrowed).
const char *state_add_notice(struct state *state, const struct notice_spec *spec);
// Visited in the order of last-repeated; expired ones are left out.
typedef bool (*notice_visit_fn)(const struct notice *notice, void *data);
void state_each_notice(struct state *state, notice_visit_fn visit, void *data);
const struct notice *state_find_notice(struct state *state, const char *id); // NULL when absent or expired
struct event *state_notice_added(struct state *state); // argument: const struct notice *, when last-repeated moved
struct wall_time state_latest_warning(const struct state *state); // last-repeated of the latest one, or not set
void state_add_warning(struct state *state, const char *message); // a notice of type "warning" whose key is the message

// --- pruning --- removed are changes ready for more than 7 days, those beyond the newest 1,000 ready ones, and
// those that got no task within 7 days; expired notices, notices of changes that are gone, and those beyond the
// 1,000 that occurred last. Changes not ready within 14 days are aborted, but for those with the data
// "check-no-prune".
void state_prune(struct state *state);

// SPDX-License-Identifier: GPL-3.0-or-later
// A change: the work of one request, done by tasks.
#pragma once

#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/event.h"
#include "state/task.h"
#include "state/task_array.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct change;
struct state;

// Created with the next number. Its tasks are added with task_create(); without any it is in status Hold but not
// ready. The state owns it.
struct change *change_create(struct state *state, const char *kind, const char *summary)
    __attribute__((returns_nonnull));
// The same with the member "notice-data", an object of strings that are added to the data of all notices of the change.
// Takes ownership of `notice_data`.
struct change *change_create_with_notice_data(struct state *state, const char *kind, const char *summary,
                                              json_t *notice_data) __attribute__((returns_nonnull));
struct change *state_find_change(struct state *state, const char *id); // NULL if there is none
// Calls `visit` for each change in the order of their numbers, until it returns false.
typedef bool (*change_visit_fn)(struct change *change, void *data);
void state_each_change(struct state *state, change_visit_fn visit, void *data);

const char *change_id(const struct change *change);
const char *change_kind(const struct change *change);
const char *change_summary(const struct change *change);
struct state *change_state(const struct change *change);
enum task_status change_status(const struct change *change); // never STATUS_DEFAULT
bool change_is_ready(const struct change *change);
struct wall_time change_spawn_time(const struct change *change);
struct wall_time change_ready_time(const struct change *change);     // not set while it is not ready
struct task *change_task(const struct change *change, size_t index); // in the order of adding; NULL past the end
size_t change_task_count(const struct change *change);
// The errors of the failed tasks, as the API shows them: `cannot perform the following tasks:\n- Start service "x"
// (reason)`. Owned, NULL if no task has failed.
char *change_error(const struct change *change);

// Members stored with the change in the state file ("service-names", "notice-data", …). Takes ownership of `value`;
// NULL removes the member.
void change_set_data(struct change *change, const char *key, json_t *value);
const json_t *change_data(const struct change *change, const char *key); // borrowed, NULL when absent

// Each of the tasks `after` waits for all of `before`. Few are ordered by task_wait_for(). Many share a barrier, which
// takes memory, and room in the state file, for their sum and not for their product; returns true then. Pebble does not
// know barriers: it sees only what task_wait_for() has ordered.
bool change_order_tasks(struct change *change, const struct task_array *before, const struct task_array *after);
// Sets the status of a change without tasks: a replan with nothing to do is Done at once.
void change_set_status(struct change *change, enum task_status status);
// Tasks that have not begun become Hold. Running ones become Abort, and their abort function is called from the loop.
// Done ones stay Done. ERROR_BAD_REQUEST `cannot abort change 1 with nothing pending` if it is ready.
bool change_abort(struct change *change, struct error *err) NODISCARD;

// The argument of each is the struct change *.
struct event *state_change_created(struct state *state); // before it has tasks
struct event *state_change_updated(struct state *state); // its status has changed
struct event *state_change_ready(struct state *state);   // once
struct event *state_change_removed(struct state *state); // about to be destroyed

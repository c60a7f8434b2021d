// SPDX-License-Identifier: GPL-3.0-or-later
// A task: one step of a change. Its kind names the functions that do the work (runner.h).
#pragma once

#include "base/clock.h"
#include "base/compiler.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct change;
struct state;
struct task;

// The numbers are those of the state file.
enum task_status {
    STATUS_DEFAULT = 0, // of a change: follows from its tasks; of a task: STATUS_DO
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
bool status_is_ready(enum task_status status);    // Done, Undone, Hold, Error: final

// Created with the next number in status Do. The change owns it.
struct task *task_create(struct change *change, const char *kind, const char *summary) __attribute__((returns_nonnull));
struct event;
// The status of a task has become final. Argument: struct task *. A listener must not create, finish or abort tasks.
struct event *state_task_ended(struct state *state);
struct task *state_find_task(struct state *state, const char *id); // NULL if there is none

const char *task_id(const struct task *task);
const char *task_kind(const struct task *task);
const char *task_summary(const struct task *task);
enum task_status task_status(const struct task *task);
struct change *task_change(const struct task *task);
struct wall_time task_spawn_time(const struct task *task);
struct wall_time task_ready_time(const struct task *task); // not set while it is not ready

void task_wait_for(struct task *task, struct task *other); // `task` begins only when `other` is Done
void task_join_lane(struct task *task, int64_t lane);      // from state_new_lane()

// At most ten lines are kept, the newest.
void task_log_info(struct task *task, const char *format, ...) PRINTF_LIKE(2, 3);
void task_log_error(struct task *task, const char *format, ...) PRINTF_LIKE(2, 3);
size_t task_log_count(const struct task *task);
const char *task_log_line(const struct task *task, size_t index); // "2026-01-02T03:04:05Z INFO text"

// Members stored with the task in the state file. Takes ownership of `value`; NULL removes the member.
void task_set_data(struct task *task, const char *key, json_t *value);
const json_t *task_data(const struct task *task, const char *key); // borrowed, NULL when absent

// Progress for clients: unless it was set, 0 of 1 in status Do and 1 of 1 in any other.
void task_progress(const struct task *task, const char **label, int64_t *done, int64_t *total);
void task_set_progress(struct task *task, const char *label, int64_t done, int64_t total);

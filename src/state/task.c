// SPDX-License-Identifier: GPL-3.0-or-later
#include "state/task.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "state/change_internal.h"
#include "state/task_internal.h"

#define LOG_LINES_MAX 10

static const char *const status_names[STATUS_COUNT] = {
    [STATUS_DEFAULT] = "Default", [STATUS_HOLD] = "Hold",   [STATUS_DO] = "Do",     [STATUS_DOING] = "Doing",
    [STATUS_DONE] = "Done",       [STATUS_ABORT] = "Abort", [STATUS_UNDO] = "Undo", [STATUS_UNDOING] = "Undoing",
    [STATUS_UNDONE] = "Undone",   [STATUS_ERROR] = "Error", [STATUS_WAIT] = "Wait",
};

const char *status_name(enum task_status status) {
    return status_names[status];
}

bool status_is_ready(enum task_status status) {
    return status == STATUS_DONE || status == STATUS_UNDONE || status == STATUS_HOLD || status == STATUS_ERROR;
}

struct task *task_create_numbered(struct state *state, uint64_t number, const char *kind, const char *summary) {
    struct task *task = memory_new(sizeof *task);
    task->state = state;
    task->number = number;
    snprintf(task->id, sizeof task->id, "%llu", (unsigned long long)number);
    task->kind = memory_string(kind);
    task->summary = memory_string(summary);
    task->status = STATUS_DO;
    list_init(&task->run_link);
    map_set(&state->tasks_by_id, task->id, task);
    return task;
}

void task_destroy(struct task *task) {
    list_remove(&task->run_link);
    json_decref(task->data);
    json_decref(task->extra);
    task_array_finish(&task->waits);
    task_array_finish(&task->halts);
    text_list_clear(&task->log);
    shared_text_release(&task->text);
    free(task->lanes);
    free(task->progress_label);
    free(task->kind);
    free(task->summary);
    free(task);
}

struct task *task_create(struct change *change, const char *kind, const char *summary) {
    struct state *state = change->state;
    struct task *task = task_create_numbered(state, ++state->last_task_id, kind, summary);
    task->spawn_time = clock_now();
    change_add_task(change, task);
    change_touch(change);
    task_enqueue(task);
    return task;
}

void task_touch(struct task *task) {
    shared_text_release(&task->text);
    state_touch(task->state);
}

void task_enqueue(struct task *task) {
    list_remove(&task->run_link);
    struct list *place = NULL;
    if (task->is_running)
        place = task->status == STATUS_ABORT ? &task->state->aborting : NULL;
    else if (task->status == STATUS_DO)
        place = task->blocker_count == 0 ? &task->state->runnable : NULL;
    else if (!status_is_ready(task->status) && task->status != STATUS_WAIT)
        place = &task->state->runnable;
    if (place != NULL) {
        list_add(place, &task->run_link);
        event_emit(&task->state->work_added, NULL);
    }
}

void task_release(struct task *task) {
    if (--task->blocker_count == 0 && task->status == STATUS_DO)
        task_enqueue(task);
}

static void task_release_halted(struct task *task) {
    for (size_t i = 0; i < task->halts.count; i++)
        task_release(task->halts.items[i]);
    if (task->barrier_side == BARRIER_BEFORE)
        change_pass_barrier(task->change);
}

void task_set_status(struct task *task, enum task_status status) {
    enum task_status old = task->status;
    if (old == status)
        return;
    task->status = status;
    if (!status_is_ready(old) && status_is_ready(status))
        task->ready_time = clock_now();
    task_touch(task);
    task_enqueue(task);
    if (status == STATUS_DONE)
        task_release_halted(task);
    change_task_status_changed(task->change, old, status);
    if (!status_is_ready(old) && status_is_ready(status))
        event_emit(&task->state->task_ended, task);
}

void task_wait_for(struct task *task, struct task *other) {
    task_array_add(&task->waits, other);
    task_array_add(&other->halts, task);
    shared_text_release(&other->text);
    task_touch(task);
    if (other->status == STATUS_DONE)
        return;
    task->blocker_count++;
    if (task->status == STATUS_DO)
        task_enqueue(task);
}

void task_join_lane(struct task *task, int64_t lane) {
    for (size_t i = 0; i < task->lane_count; i++) {
        if (task->lanes[i] == lane)
            return;
    }
    task->lanes = memory_grow(task->lanes, &task->lane_capacity, task->lane_count + 1, sizeof(int64_t));
    task->lanes[task->lane_count++] = lane;
    change_drop_lane_index(task->change);
    task_touch(task);
}

const int64_t *task_lanes(const struct task *task, size_t *count) {
    static const int64_t no_lane = 0;
    *count = task->lane_count > 0 ? task->lane_count : 1;
    return task->lane_count > 0 ? task->lanes : &no_lane;
}

// --- log ---

static void task_add_line(struct task *task, const char *level, const char *format, va_list arguments) {
    struct text_list *log = &task->log;
    if (log->count >= LOG_LINES_MAX) {
        free(log->items[0]);
        memmove(log->items, log->items + 1, log->count * sizeof(char *)); // with the final NULL
        log->count--;
    }
    struct wall_time now = clock_now();
    now.ns -= now.ns % NS_PER_S;
    char stamp[CLOCK_TEXT_SIZE];
    clock_format(now, stamp);
    AUTO_FREE char *text = memory_vprintf(format, arguments);
    text_list_add_owned(log, memory_printf("%s %s %s", stamp, level, text));
    task_touch(task);
}

void task_log_info(struct task *task, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    task_add_line(task, "INFO", format, arguments);
    va_end(arguments);
}

void task_log_error(struct task *task, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    task_add_line(task, "ERROR", format, arguments);
    va_end(arguments);
}

size_t task_log_count(const struct task *task) {
    return task->log.count;
}

const char *task_log_line(const struct task *task, size_t index) {
    return task->log.items[index];
}

// --- data and progress ---

void task_set_data(struct task *task, const char *key, json_t *value) {
    if (value != NULL) {
        if (task->data == NULL)
            task->data = json_object();
        json_object_set_new(task->data, key, value);
    } else {
        json_object_del(task->data, key);
    }
    task_touch(task);
}

const json_t *task_data(const struct task *task, const char *key) {
    return json_object_get(task->data, key);
}

void task_progress(const struct task *task, const char **label, int64_t *done, int64_t *total) {
    bool is_set = task->progress_label != NULL;
    *label = is_set ? task->progress_label : "";
    *total = is_set ? task->progress_total : 1;
    *done = is_set ? task->progress_done : task->status != STATUS_DO;
}

void task_set_progress(struct task *task, const char *label, int64_t done, int64_t total) {
    free(task->progress_label);
    // Impossible values are not shown.
    task->progress_label = total > 0 && done <= total ? memory_string(label) : NULL;
    task->progress_done = done;
    task->progress_total = total;
    task_touch(task);
}

// --- members ---

struct event *state_task_ended(struct state *state) {
    return &state->task_ended;
}

struct task *state_find_task(struct state *state, const char *id) {
    return map_get(&state->tasks_by_id, id);
}

const char *task_id(const struct task *task) {
    return task->id;
}

const char *task_kind(const struct task *task) {
    return task->kind;
}

const char *task_summary(const struct task *task) {
    return task->summary;
}

enum task_status task_status(const struct task *task) {
    return task->status;
}

struct change *task_change(const struct task *task) {
    return task->change;
}

struct wall_time task_spawn_time(const struct task *task) {
    return task->spawn_time;
}

struct wall_time task_ready_time(const struct task *task) {
    return task->ready_time;
}

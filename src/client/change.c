// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/change_internal.h"

#include <stdlib.h>

static void task_finish(struct pebble_task *task) {
    free(task->id);
    free(task->kind);
    free(task->summary);
    free(task->status);
    for (size_t i = 0; i < task->log_count; i++)
        free(task->log[i]);
    free(task->log);
    free(task->progress_label);
    free(task->spawn_time_text);
    free(task->ready_time_text);
    free(task->data);
}

void client_change_finish(struct pebble_change *change) {
    free(change->id);
    free(change->kind);
    free(change->summary);
    free(change->status);
    free(change->err);
    for (size_t i = 0; i < change->task_count; i++)
        task_finish(&change->tasks[i]);
    free(change->tasks);
    free(change->spawn_time_text);
    free(change->ready_time_text);
    free(change->data);
    *change = (struct pebble_change){0};
}

void pebble_change_destroy(struct pebble_change *change) {
    if (change == NULL)
        return;
    client_change_finish(change);
    free(change);
}

// --- what a change is ---

const char *pebble_change_id(const struct pebble_change *change) {
    return change->id;
}

const char *pebble_change_kind(const struct pebble_change *change) {
    return change->kind;
}

const char *pebble_change_summary(const struct pebble_change *change) {
    return change->summary;
}

const char *pebble_change_status(const struct pebble_change *change) {
    return change->status;
}

bool pebble_change_is_ready(const struct pebble_change *change) {
    return change->is_ready;
}

const char *pebble_change_error_text(const struct pebble_change *change) {
    return change->err;
}

int64_t pebble_change_spawn_time_ns(const struct pebble_change *change, const char **text) {
    if (text != NULL)
        *text = change->spawn_time_text;
    return change->spawn_time;
}

int64_t pebble_change_ready_time_ns(const struct pebble_change *change, const char **text) {
    if (text != NULL)
        *text = change->ready_time_text;
    return change->ready_time;
}

const char *pebble_change_data(const struct pebble_change *change) {
    return change->data;
}

size_t pebble_change_task_count(const struct pebble_change *change) {
    return change->task_count;
}

const struct pebble_task *pebble_change_task_at(const struct pebble_change *change, size_t index) {
    return index < change->task_count ? &change->tasks[index] : NULL;
}

// --- what a task is ---

const char *pebble_task_id(const struct pebble_task *task) {
    return task->id;
}

const char *pebble_task_kind(const struct pebble_task *task) {
    return task->kind;
}

const char *pebble_task_summary(const struct pebble_task *task) {
    return task->summary;
}

const char *pebble_task_status(const struct pebble_task *task) {
    return task->status;
}

size_t pebble_task_log_count(const struct pebble_task *task) {
    return task->log_count;
}

const char *pebble_task_log_at(const struct pebble_task *task, size_t index) {
    return index < task->log_count ? task->log[index] : NULL;
}

const char *pebble_task_progress_label(const struct pebble_task *task) {
    return task->progress_label;
}

int64_t pebble_task_progress_done(const struct pebble_task *task) {
    return task->progress_done;
}

int64_t pebble_task_progress_total(const struct pebble_task *task) {
    return task->progress_total;
}

int64_t pebble_task_spawn_time_ns(const struct pebble_task *task, const char **text) {
    if (text != NULL)
        *text = task->spawn_time_text;
    return task->spawn_time;
}

int64_t pebble_task_ready_time_ns(const struct pebble_task *task, const char **text) {
    if (text != NULL)
        *text = task->ready_time_text;
    return task->ready_time;
}

const char *pebble_task_data(const struct pebble_task *task) {
    return task->data;
}

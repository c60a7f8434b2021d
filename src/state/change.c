// SPDX-License-Identifier: GPL-3.0-or-later
#include "state/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "state/change_internal.h"

#define ORDER_PAIRS_MAX 1024 // beyond, they are not stored one by one

struct change *change_create_numbered(struct state *state, uint64_t number, const char *kind, const char *summary) {
    struct change *change = memory_new(sizeof *change);
    change->state = state;
    change->number = number;
    snprintf(change->id, sizeof change->id, "%llu", (unsigned long long)number);
    change->kind = memory_string(kind);
    change->summary = memory_string(summary);
    list_add(&state->changes, &change->link);
    map_set(&state->changes_by_id, change->id, change);
    return change;
}

static void change_destroy(struct change *change) {
    struct state *state = change->state;
    list_remove(&change->link);
    map_remove(&state->changes_by_id, change->id);
    for (size_t i = 0; i < change->tasks.count; i++) {
        map_remove(&state->tasks_by_id, change->tasks.items[i]->id);
        task_destroy(change->tasks.items[i]);
    }
    task_array_finish(&change->tasks);
    task_array_finish(&change->barrier_after);
    change_drop_lane_index(change);
    json_decref(change->data);
    json_decref(change->extra);
    shared_text_release(&change->text);
    free(change->kind);
    free(change->summary);
    free(change);
}

void change_remove(struct change *change) {
    struct state *state = change->state;
    event_emit(&state->change_removed, change);
    change_destroy(change);
    state_touch(state);
}

void change_touch(struct change *change) {
    shared_text_release(&change->text);
    state_touch(change->state);
}

void change_add_task(struct change *change, struct task *task) {
    task->change = change;
    task_array_add(&change->tasks, task);
    change->status_counts[task->status]++;
    change_drop_lane_index(change);
}

void change_drop_lane_index(struct change *change) {
    if (change == NULL)
        return;
    free(change->lane_index);
    change->lane_index = NULL;
    change->lane_index_count = 0;
}

void change_join_barrier(struct change *change, struct task *task, enum barrier_side side) {
    task->barrier_side = side;
    if (side == BARRIER_BEFORE) {
        change->barrier_count += task->status != STATUS_DONE;
    } else if (side == BARRIER_AFTER) {
        task_array_add(&change->barrier_after, task);
        task->blocker_count += change->barrier_count > 0;
    }
}

void change_pass_barrier(struct change *change) {
    if (--change->barrier_count > 0)
        return;
    for (size_t i = 0; i < change->barrier_after.count; i++)
        task_release(change->barrier_after.items[i]);
}

bool change_order_tasks(struct change *change, const struct task_array *before, const struct task_array *after) {
    if (before->count * after->count <= ORDER_PAIRS_MAX || change->barrier_after.count > 0) {
        for (size_t i = 0; i < after->count * before->count; i++)
            task_wait_for(after->items[i / before->count], before->items[i % before->count]);
        return false;
    }
    for (size_t i = 0; i < before->count; i++) {
        change_join_barrier(change, before->items[i], BARRIER_BEFORE);
        task_touch(before->items[i]);
    }
    for (size_t i = 0; i < after->count; i++) {
        change_join_barrier(change, after->items[i], BARRIER_AFTER);
        task_touch(after->items[i]);
        task_enqueue(after->items[i]);
    }
    return true;
}

struct change *change_create_with_notice_data(struct state *state, const char *kind, const char *summary,
                                              json_t *notice_data) {
    struct change *change = change_create_numbered(state, ++state->last_change_id, kind, summary);
    change->spawn_time = clock_now();
    change->spawned_ns = state_clock_ns(state);
    if (notice_data != NULL)
        change_set_data(change, "notice-data", notice_data);
    event_emit(&state->change_created, change);
    state_touch(state);
    return change;
}

struct change *change_create(struct state *state, const char *kind, const char *summary) {
    return change_create_with_notice_data(state, kind, summary, NULL);
}

// --- status ---

enum task_status change_status(const struct change *change) {
    // The first of these that any task has.
    static const enum task_status order[] = {
        STATUS_ABORT, STATUS_UNDOING, STATUS_UNDO,   STATUS_DOING, STATUS_DO,
        STATUS_WAIT,  STATUS_ERROR,   STATUS_UNDONE, STATUS_DONE,
    };
    if (change->explicit_status != STATUS_DEFAULT)
        return change->explicit_status;
    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        if (change->status_counts[order[i]] > 0)
            return order[i];
    }
    return STATUS_HOLD;
}

static bool has_unready_task(const struct change *change) {
    for (enum task_status status = STATUS_DEFAULT; status < STATUS_COUNT; status++) {
        if (change->status_counts[status] > 0 && !status_is_ready(status))
            return true;
    }
    return false;
}

// Emits the events of a new status and, once, of readiness.
static void announce_status(struct change *change, bool is_now_ready) {
    bool becomes_ready = is_now_ready && !change->is_ready;
    if (becomes_ready) {
        change->is_ready = true;
        if (!change->ready_time.is_set) {
            change->ready_time = clock_now();
            change->ready_ns = state_clock_ns(change->state);
        }
        change_drop_lane_index(change);
        change_touch(change);
    }
    enum task_status status = change_status(change);
    if (status != change->announced_status) {
        change->announced_status = status;
        event_emit(&change->state->change_updated, change);
    }
    if (becomes_ready)
        event_emit(&change->state->change_ready, change);
}

void change_task_status_changed(struct change *change, enum task_status old, enum task_status now) {
    change->status_counts[old]--;
    change->status_counts[now]++;
    announce_status(change, status_is_ready(now) && !has_unready_task(change));
}

void change_set_status(struct change *change, enum task_status status) {
    change->explicit_status = status;
    change_touch(change);
    announce_status(change, status_is_ready(status));
}

bool change_is_ready(const struct change *change) {
    return change->is_ready;
}

// --- errors ---

// The message of a log line of level ERROR, or NULL.
static const char *error_of_line(const char *line) {
    static const char mark[] = " ERROR ";
    const char *blank = strchr(line, ' ');
    return blank != NULL && text_has_prefix(blank, mark) ? blank + sizeof mark - 1 : NULL;
}

char *change_error(const struct change *change) {
    if (change_status(change) != STATUS_ERROR)
        return NULL;
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < change->tasks.count; i++) {
        const struct task *task = change->tasks.items[i];
        if (task->status != STATUS_ERROR)
            continue;
        for (size_t line = 0; line < task->log.count; line++) {
            const char *message = error_of_line(task->log.items[line]);
            if (message != NULL)
                buffer_printf(&text, "\n- %s (%s)", task->summary, message);
        }
    }
    if (text.length == 0)
        return memory_printf("internal inconsistency: change \"%s\" in ErrorStatus with no task errors logged",
                             change->kind);
    return memory_printf("cannot perform the following tasks:%s", buffer_text(&text));
}

// --- members ---

struct change *state_find_change(struct state *state, const char *id) {
    return map_get(&state->changes_by_id, id);
}

void state_each_change(struct state *state, change_visit_fn visit, void *data) {
    struct change *change;
    LIST_FOR_EACH (change, &state->changes, link) {
        if (!visit(change, data))
            return;
    }
}

void change_set_data(struct change *change, const char *key, json_t *value) {
    if (value != NULL) {
        if (change->data == NULL)
            change->data = json_object();
        json_object_set_new(change->data, key, value);
    } else {
        json_object_del(change->data, key);
    }
    change_touch(change);
}

const json_t *change_data(const struct change *change, const char *key) {
    return json_object_get(change->data, key);
}

struct task *change_task(const struct change *change, size_t index) {
    return index < change->tasks.count ? change->tasks.items[index] : NULL;
}

size_t change_task_count(const struct change *change) {
    return change->tasks.count;
}

const char *change_id(const struct change *change) {
    return change->id;
}

struct state *change_state(const struct change *change) {
    return change->state;
}

const char *change_kind(const struct change *change) {
    return change->kind;
}

const char *change_summary(const struct change *change) {
    return change->summary;
}

struct wall_time change_spawn_time(const struct change *change) {
    return change->spawn_time;
}

struct wall_time change_ready_time(const struct change *change) {
    return change->ready_time;
}

// --- events ---

struct event *state_change_created(struct state *state) {
    return &state->change_created;
}

struct event *state_change_updated(struct state *state) {
    return &state->change_updated;
}

struct event *state_change_ready(struct state *state) {
    return &state->change_ready;
}

struct event *state_change_removed(struct state *state) {
    return &state->change_removed;
}

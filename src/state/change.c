// SPDX-License-Identifier: GPL-3.0-or-later
#include "state/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "state/state_internal.h"

struct change *change_make(struct state *state, uint64_t number, const char *kind, const char *summary) {
    struct change *change = memory_new(sizeof *change);
    change->state = state;
    change->number = number;
    snprintf(change->id, sizeof change->id, "%llu", (unsigned long long)number);
    change->kind = memory_string(kind);
    change->summary = memory_string(summary);
    list_add(&state->changes, &change->link);
    map_set(&state->change_of, change->id, change);
    return change;
}

static void change_destroy(struct change *change) {
    struct state *state = change->state;
    list_remove(&change->link);
    map_remove(&state->change_of, change->id);
    for (size_t i = 0; i < change->tasks.count; i++) {
        map_remove(&state->task_of, change->tasks.items[i]->id);
        task_destroy(change->tasks.items[i]);
    }
    task_array_finish(&change->tasks);
    change_forget_lanes(change);
    json_decref(change->data);
    json_decref(change->extra);
    piece_drop(&change->text);
    free(change->kind);
    free(change->summary);
    free(change);
}

void change_remove(struct change *change) {
    struct state *state = change->state;
    struct notice *notice = notice_find(state, &(struct notice_spec){.type = "change-update", .key = change->id});
    if (notice != NULL)
        notice_remove(state, notice);
    change_destroy(change);
    state_touch(state);
}

void change_touch(struct change *change) {
    piece_drop(&change->text);
    state_touch(change->state);
}

void change_attach(struct change *change, struct task *task) {
    task->change = change;
    task_array_add(&change->tasks, task);
    change->status_counts[task->status]++;
    change_forget_lanes(change);
}

void change_forget_lanes(struct change *change) {
    if (change == NULL)
        return;
    free(change->lanes);
    change->lanes = NULL;
    change->lane_entry_count = 0;
}

// --- the change-update notice ---

static void change_record_notice(struct change *change) {
    AUTO_TEXT_LIST struct text_list names = {0};
    AUTO_TEXT_LIST struct text_list values = {0};
    const char *kind = change->kind;
    const char *name;
    json_t *value;
    json_t *more = json_object_get(change->data, "notice-data");
    json_object_foreach(more, name, value) {
        if (!json_is_string(value))
            continue;
        if (strcmp(name, "kind") == 0) {
            kind = json_string_value(value);
            continue;
        }
        text_list_add(&names, name);
        text_list_add(&values, json_string_value(value));
    }
    text_list_add(&names, "kind");
    text_list_add(&values, kind);
    state_add_notice(change->state,
                     &(struct notice_spec){
                         .type = "change-update", .key = change->id, .data_names = &names, .data_values = &values});
}

// Between two tasks of a chain a change is Do for a moment; nobody is told of that.
static bool is_worth_a_notice(enum task_status old, enum task_status now) {
    return old != now && !(old == STATUS_DOING && now == STATUS_DO) && !(old == STATUS_UNDOING && now == STATUS_UNDO);
}

struct change *change_create_with_notice_data(struct state *state, const char *kind, const char *summary,
                                              json_t *notice_data) {
    struct change *change = change_make(state, ++state->last_change_id, kind, summary);
    change->spawn_time = clock_now();
    if (notice_data != NULL)
        change_set_data(change, "notice-data", notice_data);
    change_record_notice(change);
    state_touch(state);
    return change;
}

struct change *change_create(struct state *state, const char *kind, const char *summary) {
    return change_create_with_notice_data(state, kind, summary, NULL);
}

// --- status ---

enum task_status change_status(const struct change *change) {
    // The first of these that some task has is the change's.
    static const enum task_status order[] = {
        STATUS_ABORT, STATUS_UNDOING, STATUS_UNDO,   STATUS_DOING, STATUS_DO,
        STATUS_WAIT,  STATUS_ERROR,   STATUS_UNDONE, STATUS_DONE,
    };
    if (change->set_status != STATUS_DEFAULT)
        return change->set_status;
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

// Tells of a new status, and of becoming ready, which happens once.
static void change_notify(struct change *change, bool is_now_ready) {
    bool becomes_ready = is_now_ready && !change->is_ready;
    if (becomes_ready) {
        change->is_ready = true;
        if (!change->ready_time.is_set)
            change->ready_time = clock_now();
        change_forget_lanes(change);
        change_touch(change);
    }
    enum task_status now = change_status(change);
    bool is_new = now != change->observed_status;
    change->observed_status = now;
    if (is_worth_a_notice(change->noticed_status, now)) {
        change->noticed_status = now;
        change_touch(change);
        change_record_notice(change);
    }
    if (is_new)
        event_emit(&change->state->change_updated, change);
    if (becomes_ready)
        event_emit(&change->state->change_ready, change);
}

void change_task_moved(struct change *change, enum task_status old, enum task_status now) {
    change->status_counts[old]--;
    change->status_counts[now]++;
    change_notify(change, status_is_ready(now) && !has_unready_task(change));
}

void change_set_status(struct change *change, enum task_status status) {
    change->set_status = status;
    change_touch(change);
    change_notify(change, status_is_ready(status));
}

bool change_is_ready(const struct change *change) {
    return change->is_ready;
}

bool change_abort(struct change *change, struct error *err) {
    if (change->is_ready)
        return error_set(err, ERROR_BAD_REQUEST, "cannot abort change %s with nothing pending", change->id);
    change_abort_all(change);
    return true;
}

// --- what failed ---

// The message of a log line that tells of an error, or NULL.
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

// --- what it is ---

struct change *state_find_change(struct state *state, const char *id) {
    return map_get(&state->change_of, id);
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

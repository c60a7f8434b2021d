// SPDX-License-Identifier: GPL-3.0-or-later
#include "state/state.h"

#include <stdlib.h>

#include "base/memory.h"
#include "state/state_internal.h"

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

static void state_begin(struct state *state) {
    state->latest_repeated_ns = INT64_MIN;
    state->latest_warning = (struct wall_time){0};
    state->data = json_object();
    char now[CLOCK_TEXT_SIZE];
    clock_format(clock_now(), now);
    json_object_set_new(state->data, "patch-level", json_integer(STATE_PATCH_LEVEL));
    json_object_set_new(state->data, "patch-sublevel", json_integer(0));
    json_object_set_new(state->data, "start-of-operation-time", json_string(now));
}

struct state *state_create(void) {
    struct state *state = memory_new(sizeof *state);
    list_init(&state->changes);
    list_init(&state->notices);
    list_init(&state->runnable);
    list_init(&state->aborting);
    map_init(&state->change_of, NULL);
    map_init(&state->task_of, NULL);
    map_init(&state->notice_of, NULL);
    map_init(&state->notice_by_id, NULL);
    event_init(&state->change_ready);
    event_init(&state->change_updated);
    event_init(&state->notice_added);
    event_init(&state->modified);
    event_init(&state->work);
    state_begin(state);
    return state;
}

static void state_empty(struct state *state) {
    struct change *change;
    LIST_FOR_EACH (change, &state->changes, link)
        change_remove(change);
    struct notice *notice;
    LIST_FOR_EACH (notice, &state->notices, link)
        notice_remove(state, notice);
    // Tasks without a change are there only when reading a file stopped half way.
    for (struct map_entry *entry = map_first(&state->task_of); entry != NULL; entry = map_next(&state->task_of, entry))
        task_destroy(entry->value);
    map_finish(&state->change_of);
    map_finish(&state->task_of);
    map_finish(&state->notice_of);
    map_finish(&state->notice_by_id);
    json_decref(state->data);
    json_decref(state->extra);
    state->extra = NULL;
    piece_drop(&state->data_text);
}

void state_clear(struct state *state) {
    state_empty(state);
    state->last_change_id = state->last_task_id = state->last_notice_id = 0;
    state->last_lane_id = 0;
    state_begin(state);
}

void state_destroy(struct state *state) {
    if (state == NULL)
        return;
    state_empty(state);
    free(state);
}

void state_touch(struct state *state) {
    state->generation++;
    event_emit(&state->modified, NULL);
}

int64_t state_new_lane(struct state *state) {
    state_touch(state);
    return ++state->last_lane_id;
}

void state_set_data(struct state *state, const char *key, json_t *value) {
    if (value != NULL)
        json_object_set_new(state->data, key, value);
    else
        json_object_del(state->data, key);
    piece_drop(&state->data_text);
    state_touch(state);
}

const json_t *state_data(const struct state *state, const char *key) {
    return json_object_get(state->data, key);
}

struct event *state_change_ready(struct state *state) {
    return &state->change_ready;
}

struct event *state_change_updated(struct state *state) {
    return &state->change_updated;
}

struct event *state_notice_added(struct state *state) {
    return &state->notice_added;
}

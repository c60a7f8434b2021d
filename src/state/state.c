// SPDX-License-Identifier: GPL-3.0-or-later
#include "state/state.h"

#include <stdlib.h>

#include "base/memory.h"
#include "state/change_internal.h"
#include "state/change_notices_internal.h"
#include "state/notice_internal.h"
#include "state/state_internal.h"

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
    map_init(&state->changes_by_id, NULL);
    map_init(&state->tasks_by_id, NULL);
    map_init(&state->notices_by_id, NULL);
    map_init(&state->notices_by_key, NULL);
    struct event *const events[] = {&state->change_created, &state->change_updated, &state->change_ready,
                                    &state->change_removed, &state->task_ended,     &state->notice_added,
                                    &state->modified,       &state->work_added};
    for (size_t i = 0; i < ARRAY_COUNT(events); i++)
        event_init(events[i]);
    state->clock_offset_ns = clock_wall_ns() - clock_monotonic_ns();
    state->change_notices = change_notices_create(state);
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
    // Tasks without a change exist only after a state file could not be read to its end.
    struct map *tasks = &state->tasks_by_id;
    for (struct map_entry *entry = map_first(tasks); entry != NULL; entry = map_next(tasks, entry))
        task_destroy(entry->value);
    map_finish(&state->changes_by_id);
    map_finish(&state->tasks_by_id);
    map_finish(&state->notices_by_id);
    map_finish(&state->notices_by_key);
    json_decref(state->data);
    json_decref(state->extra);
    state->extra = NULL;
    shared_text_release(&state->data_text);
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
    change_notices_destroy(state->change_notices);
    free(state);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Sections of other modules, lane numbers, the clock of ages, and the count of modifications. Declared in state/state.h
// and state/state_internal.h.
#include "state/shared_text_internal.h"
#include "state/state.h"
#include "state/state_internal.h"

void state_touch(struct state *state) {
    state->generation++;
    event_emit(&state->modified, NULL);
}

int64_t state_clock_ns(const struct state *state) {
    return clock_monotonic_ns() + state->clock_offset_ns;
}

int64_t state_clock_past_ns(const struct state *state, struct wall_time time) {
    int64_t now_ns = state_clock_ns(state);
    return time.ns < now_ns ? time.ns : now_ns;
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
    shared_text_release(&state->data_text);
    state_touch(state);
}

const json_t *state_data(const struct state *state, const char *key) {
    return json_object_get(state->data, key);
}

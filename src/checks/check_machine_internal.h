// SPDX-License-Identifier: GPL-3.0-or-later
// Private to checks/: the state machine, one table of states and events.
#pragma once

#include "checks/check_internal.h"

enum check_event_kind {
    EVENT_NONE,
    EVENT_START,
    EVENT_STOP,
    EVENT_BEGUN,    // the task has begun
    EVENT_DUE,      // the period is over
    EVENT_REFRESH,  // a refresh waits
    EVENT_UNWANTED, // the refresh that the probe runs for is cancelled
    EVENT_PASSED,   // the probe has passed
    EVENT_FAILED,   // the probe has failed
    EVENT_FELL,     // the probe has failed, and the failures reach the threshold
    EVENT_KINDS,
};

// Handles an event: enters the next state and calls the action of the table. Events that arise meanwhile are handled
// afterwards, in their order. An event for which the state has no action is ignored.
void check_handle(struct check *check, enum check_event_kind kind);

#ifdef PEBBLE_TEST_SEAMS
// Returns whether the event has an action in the state, and the next state.
bool check_transition(enum check_state state, enum check_event_kind kind, enum check_state *next);
#endif

// SPDX-License-Identifier: GPL-3.0-or-later
// Private to checks/: the state machine, one table of states and events.
#pragma once

#include "checks/check_internal.h"

// Handles an event: enters the next state and calls the action of the table. Events that arise meanwhile are handled
// afterwards, in their order. An event for which the state has no action is ignored.
void check_handle(struct check *check, enum check_event_kind kind);

#ifdef PEBBLE_TEST_SEAMS
// Returns whether the event has an action in the state, and the next state.
bool check_transition(enum check_state state, enum check_event_kind kind, enum check_state *next);
#endif

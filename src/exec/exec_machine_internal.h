// SPDX-License-Identifier: GPL-3.0-or-later
// Private to exec/: the state machine, one table of states and events.
#pragma once

#include "exec/exec_internal.h"

enum exec_event_kind {
    EVENT_NONE,
    EVENT_BEGIN,         // the task has begun
    EVENT_CONNECTED,     // the sessions that the launch needs are connected
    EVENT_WAIT_OVER,     // the timer of the state has expired
    EVENT_LAUNCHED,      // the program runs
    EVENT_LAUNCH_FAILED, // exec.failure describes it
    EVENT_EXITED,        // the process has ended
    EVENT_OUTPUT_ENDED,  // its output has ended too
    EVENT_SENT,          // the client's socket has taken all output
    EVENT_CONTROL_LOST,  // the control session has ended without a close frame
    EVENT_ABORT,         // the task is aborted
    EVENT_DROP,          // the change has ended before the task has begun
    EVENT_STOP,          // the daemon stops
    EVENT_KINDS,
};

// Handles an event: enters the next state and calls the action of the table. Events that arise meanwhile are handled
// afterwards, in their order. An event for which the state has no action is ignored.
void exec_handle(struct exec *exec, enum exec_event_kind kind);
const char *exec_state_name(enum exec_state state);

#ifdef PEBBLE_TEST_SEAMS
// Returns whether the event has an action in the state, and the next state.
bool exec_transition(enum exec_state state, enum exec_event_kind kind, enum exec_state *next);
#endif

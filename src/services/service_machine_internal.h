// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: the state machine, one table of states and events.
#pragma once

#include "services/service_internal.h"

enum service_event_kind {
    EVENT_NONE,
    EVENT_START,           // a start task
    EVENT_LAUNCHED,        // the program runs
    EVENT_LAUNCH_FAILED,   // it could not be run
    EVENT_WINDOW_OVER,     // it has been running for the start window
    EVENT_EXIT_RESTART,    // the process has ended, and the plan's action is to restart it
    EVENT_EXIT_SUCCESS,    // the action is to ignore it: it ended well,
    EVENT_EXIT_FAILURE,    // or badly
    EVENT_EXIT_SHUTDOWN,   // the action ends the daemon
    EVENT_STOP,            // a stop task
    EVENT_KILL_DELAY_OVER, // SIGTERM did not end it
    EVENT_KILL_LIMIT_OVER, // nor did SIGKILL
    EVENT_BACKOFF_OVER,
    EVENT_BACKOFF_RESET,  // it has been running for backoff-limit
    EVENT_CHECK_RESTART,  // a check has failed, and the plan's action is to restart it
    EVENT_CHECK_SHUTDOWN, // the action ends the daemon
    EVENT_ABORT,          // the start task is aborted
    EVENT_KINDS,
};

struct service_event {
    enum service_event_kind kind;
    struct task *task;  // EVENT_START, EVENT_STOP
    struct error *err;  // EVENT_LAUNCH_FAILED: owned
    int exit_code;      // EVENT_EXIT_*
    enum action action; // EVENT_EXIT_*, EVENT_CHECK_*: the plan's
};

// Does what the event calls for in the service's state. Events that come up meanwhile are handled afterwards, in their
// order; an event that means nothing in the state is dropped.
void service_handle(struct service *service, const struct service_event *event);

// For tests: whether the event means anything in the state, and the state that follows.
bool service_transition(enum service_state state, enum service_event_kind kind, enum service_state *next);

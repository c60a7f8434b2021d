// SPDX-License-Identifier: GPL-3.0-or-later
// Private to services/: the state machine, one table of states and events.
#pragma once

#include "services/service_internal.h"

enum service_event_kind {
    EVENT_NONE,
    EVENT_START,             // a start task
    EVENT_START_WAITING,     // a start task whose service waits for conditions first
    EVENT_CONDITIONS_MET,    // they all hold
    EVENT_CONDITIONS_FAILED, // one of them cannot be met any more
    EVENT_WAIT_OVER,         // wait-timeout
    EVENT_LAUNCHED,          // the program runs
    EVENT_LAUNCHED_UNREADY,  // the same, of a service with `ready`
    EVENT_LAUNCHED_ONESHOT,  // the same, of a one-shot
    EVENT_LAUNCH_FAILED,     // the program could not be run
    EVENT_WINDOW_OVER,       // the process has run for the start window
    EVENT_READY,             // the process is ready
    EVENT_UNREADY,           // the process has said that it stops
    EVENT_LATE_RESTART,      // the process is not ready in time; the action is restart
    EVENT_LATE_IGNORE,       // the same; the action is ignore
    EVENT_LATE_SHUTDOWN,     // the same; the action is a shutdown
    EVENT_RUN_OVER,          // run-timeout
    EVENT_MAIN_EXITED,       // the main process has ended; its tree ends with it, and then one of the next four follows
    EVENT_EXIT_RESTART,      // the process has ended; the action is restart
    EVENT_EXIT_SUCCESS,      // the process has ended with code 0; the action is ignore
    EVENT_EXIT_FAILURE,      // the process has ended with another code; the action is ignore
    EVENT_EXIT_SHUTDOWN,     // the process has ended; the action is a shutdown
    EVENT_STOP,              // a stop task
    EVENT_KILL_DELAY_OVER,   // SIGTERM has not ended the process within kill-delay
    EVENT_KILL_LIMIT_OVER,   // SIGKILL has not ended it within 5 s
    EVENT_BACKOFF_OVER,
    EVENT_RETRIES_USED,   // max-start-retries
    EVENT_BACKOFF_RESET,  // the process has run for backoff-limit
    EVENT_CHECK_RESTART,  // a check has failed; the action is restart
    EVENT_CHECK_SHUTDOWN, // a check has failed; the action is a shutdown
    EVENT_ABORT,          // the start task is aborted
    EVENT_KINDS,
};

struct service_event {
    enum service_event_kind kind;
    struct task *task;  // EVENT_START*, EVENT_STOP
    struct error *err;  // EVENT_LAUNCH_FAILED, EVENT_CONDITIONS_FAILED, EVENT_LATE_*: owned
    int exit_code;      // EVENT_EXIT_*, EVENT_MAIN_EXITED
    enum action action; // EVENT_EXIT_*, EVENT_CHECK_*, EVENT_LATE_*: from the plan
};

// Handles an event: enters the next state and calls the action of the table. Events that arise meanwhile are handled
// afterwards, in their order. An event for which the state has no action is ignored.
void service_handle(struct service *service, const struct service_event *event);

#ifdef PEBBLE_TEST_SEAMS
// Returns whether the event has an action in the state, and the next state.
bool service_transition(enum service_state state, enum service_event_kind kind, enum service_state *next);
#endif

// SPDX-License-Identifier: GPL-3.0-or-later
// Every call of libpebble in both forms, for test_hostile.c.
#pragma once

#include "pebble.h"

#include <stdbool.h>
#include <stdint.h>

struct hostile_run {
    struct pebble_client *client;
    int64_t timeout_ms;    // for what has a time limit of its own; 0: none
    const char *directory; // local: "from/f" is there, "to" is the target
    bool is_touched;       // an output was written by a function that failed
};

enum hostile_call_kind {
    HOSTILE_REPEATS = 8,  // while there is no daemon, until its own time is over
    HOSTILE_UNTIMED = 16, // it may take any time
    HOSTILE_COMMANDS = 32 // runs a command: the end of the command may take any time
};

struct hostile_call {
    const char *name;
    bool (*run)(struct hostile_run *run, struct pebble_error *error);
    bool (*begin)(struct hostile_run *run, struct pebble_call **call, struct pebble_error *error); // NULL: has no call
    unsigned flags; // of enum hostile_call_flags and hostile_call_kind
};
extern const struct hostile_call hostile_calls[];
extern const unsigned hostile_call_count;

// Steps the call to its end, as an event loop does. Moves its error.
bool hostile_drive(struct hostile_run *run, struct pebble_call *call, struct pebble_error *error);

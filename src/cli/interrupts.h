// SPDX-License-Identifier: GPL-3.0-or-later
// Signals that end what a command waits for, but not the program.
#pragma once

#include <pebble.h>

#include <signal.h>
#include <stdbool.h>

struct interrupts {
    sigset_t signals;
    struct pebble_client *client;
    int fd; // signalfd(2); -1 if the signals are not blocked
};

// Whether the program was begun with the signal ignored, as by nohup(1).
bool signal_is_ignored(int number);

// From here on, the client's blocking functions fail with PEBBLE_ERROR_CANCELLED when one of the signals arrives.
// `signals` ends with 0. Those that are ignored stay ignored. If it fails, the signals end the program.
void interrupts_begin(struct interrupts *interrupts, struct pebble_client *client, const int *signals);
// Consumes a signal that has arrived, after which the functions do not fail because of it. Returns its number, or 0.
int interrupts_consume(struct interrupts *interrupts);
// The signals end the program again. `has_come`: consumes one that has arrived; returns its number, 0 if there is none.
int interrupts_end(struct interrupts *interrupts, bool has_come);

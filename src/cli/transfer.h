// SPDX-License-Identifier: GPL-3.0-or-later
// What push and pull have in common: a transfer with a progress bar, which signals end.
#pragma once

#include "base/error.h"
#include "cli/interrupts.h"
#include "cli/progress_bar.h"

#include <pebble.h>

#include <stdbool.h>
#include <stdint.h>

struct transfer {
    struct progress_bar bar;
    struct interrupts interrupts;
};

// `total`: bytes, -1 if unknown. `path` is borrowed.
void transfer_begin(struct transfer *transfer, struct pebble_client *client, const char *path, int64_t total);
// For pebble_push_file() and pebble_pull_file(); `data` is the transfer.
bool on_transfer_progress(uint64_t bytes, void *data);
// Removes the bar. Returns the signal that has ended the transfer, or 0. `failure` is that of the transfer.
int transfer_end(struct transfer *transfer, const struct pebble_error *failure);
// Ends with the exit status for a failure; by the signal, unless that is 0.
int transfer_fail(int signal_number, struct pebble_error *failure, struct error *err);
// On a terminal, if the error says that the target is a directory: adds a line with the path that was probably meant.
// `side` is "remote" or "local".
void transfer_add_advice(const char *side, const char *target, const char *source, struct error *err);

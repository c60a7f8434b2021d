// SPDX-License-Identifier: GPL-3.0-or-later
// Waiting for a change, as start, stop and their like do.
#pragma once

#include "cli/cli.h"

// Of a command with OPTION_NO_WAIT: waits for the change and shows its progress, or prints its number. SIGINT aborts
// the change once; the wait goes on, for what becomes of it. Returns the exit status.
int wait_for_change(struct cli_call *call, const char *change_id, struct error *err);

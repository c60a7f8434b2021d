// SPDX-License-Identifier: GPL-3.0-or-later
// Waiting for a change.
#pragma once

#include "cli/cli.h"

// For commands with OPTION_NO_WAIT: waits for the change and shows its progress, or prints its ID. The first SIGINT
// aborts the change and the wait continues; the next one ends the program. Returns the exit status.
int wait_for_change(struct cli_call *call, const char *change_id, struct error *err);

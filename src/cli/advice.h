// SPDX-License-Identifier: GPL-3.0-or-later
// Further lines for people, on standard error: shown on a terminal only, because scripts compare all that a command
// writes.
#pragma once

#include "base/error.h"
#include "base/text.h"

#include <pebble.h>
#include <stdbool.h>

// Adds to the error of a change that has failed: the last output of the services whose start has failed, and how to see
// the tasks. `change` may be NULL.
void advise_failed_change(const struct pebble_change *change, struct error *err);

// Prints which of the services are not in the plan. Asks the daemon for the plan's, which may fail.
bool advise_unknown_services(struct pebble_client *client, const struct text_list *names,
                             struct pebble_error *failure) NODISCARD;

// Prints which of the checks, or of all checks with the level (NULL: any) if there are no names, are not in the plan or
// do not run, as they count as healthy. Asks the daemon, which may fail.
bool advise_idle_checks(struct pebble_client *client, const char *level, const struct text_list *names,
                        struct pebble_error *failure) NODISCARD;

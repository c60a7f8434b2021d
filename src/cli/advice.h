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

// These ask the daemon, and print nothing if it does not tell: a client that may see the health may not see the checks.
// Print which of the services are not in the plan.
void advise_unknown_services(struct pebble_client *client, const struct text_list *names);
// Print which of the checks, or of all checks with the level (NULL: any) if there are no names, are not in the plan or
// do not run, as they count as healthy.
void advise_idle_checks(struct pebble_client *client, const char *level, const struct text_list *names);
// Adds to the error of a request with services: names that are probably meant by those that are not in the plan.
void advise_failed_request(struct pebble_client *client, const char *const *names, size_t count, struct error *err);

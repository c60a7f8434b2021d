// SPDX-License-Identifier: GPL-3.0-or-later
// Further lines for people, on standard error: shown on a terminal only, because scripts compare all that a command
// writes.
#pragma once

#include "base/error.h"
#include "base/text.h"

#include <pebble.h>
#include <stdbool.h>

// What a name is the name of.
enum advice_noun {
    ADVICE_SERVICE,
    ADVICE_CHECK,
    ADVICE_IDENTITY,
};

// Adds to the error of a change that has failed: the last output of the services whose start has failed, and how to see
// the tasks. `change` may be NULL.
void advise_failed_change(const struct pebble_change *change, struct error *err);

// These ask the daemon, and print nothing if it does not tell: a client that may see the health may not see the checks.
// Print which of the services, or of the checks, are not in the plan.
void advise_unknown_services(struct pebble_client *client, const struct text_list *names);
void advise_unknown_checks(struct pebble_client *client, const struct text_list *names);
// Print which of the checks, or of all checks with the level (NULL: any) if there are no names, are not in the plan or
// do not run, as they count as healthy.
void advise_idle_checks(struct pebble_client *client, const char *level, const struct text_list *names);
// Adds to the error of a request that was refused: names that are probably meant by those that do not exist.
void advise_refused_names(struct pebble_client *client, enum advice_noun noun, const char *const *names, size_t count,
                          struct error *err);

// SPDX-License-Identifier: GPL-3.0-or-later
// The state: changes with their tasks (change.h, task.h), notices (notice.h), and sections of other modules. All of it
// is stored in the state file (checkpoint.h), in Pebble's format. The rules are in docs/internals/state.md.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct state;

struct state *state_create(void) __attribute__((returns_nonnull));
void state_destroy(struct state *state); // NULL is fine

// Returns a new number for a lane of tasks.
int64_t state_new_lane(struct state *state);

// Members of "data" in the state file that belong to other modules ("identities"). Takes ownership of `value`; NULL
// removes the member. Members that no module uses are kept as they were read.
void state_set_data(struct state *state, const char *key, json_t *value);
const json_t *state_data(const struct state *state, const char *key); // borrowed, NULL when absent

// Whether the state file has room for a change that takes about `bytes`, so that it can be read again. If not, prunes
// first. ERROR_UNAVAILABLE if that does not help: `too many unfinished changes`.
bool state_make_room(struct state *state, size_t bytes, struct error *err) NODISCARD;
// About the room that a task with a text of `length` bytes takes, its change included.
#define STATE_TASK_BYTES(length) ((size_t)512 + 4 * (size_t)(length))

// Removes changes that have been ready for more than 7 days, those beyond the newest 1,000 ready ones, or beyond the
// newest that take 8 MiB in the state file (the last one ready stays), and those that
// got no task within 7 days; expired notices, notices of changes that do not exist, and those beyond the 1,000 that
// occurred last. Aborts changes that are not ready after 14 days, but for those with the data "check-no-prune".
void state_prune(struct state *state);

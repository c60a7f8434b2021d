// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: the position of a subscription in the notices of its daemon, and the list it goes through.
#pragma once

#include "base/compiler.h"
#include "base/map.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client_cursor {
    int64_t position_ns;            // all that were last repeated up to then have been passed
    struct pebble_notices *notices; // NULL before the first list
    size_t index;                   // of the current notice
    struct map passed;              // ids of those that were passed and have the time of the current one
};

void client_cursor_init(struct client_cursor *cursor, int64_t position_ns);
void client_cursor_finish(struct client_cursor *cursor); // keeps the position
// Takes the list over when all of the last one have been passed. PEBBLE_ERROR_PROTOCOL if it is not in the order of
// times, begins at or before the position, or has notices without an ID or time.
bool client_cursor_take(struct client_cursor *cursor, struct pebble_notices *notices,
                        struct pebble_error *error) NODISCARD;
// The current notice; NULL when all have been passed. It lasts until the next list is taken.
const struct pebble_notice *client_cursor_notice(struct client_cursor *cursor);
// Passes the current notice. The position moves when the next one has another time. One that has the ID and time of
// one that was passed is left out.
void client_cursor_pass(struct client_cursor *cursor);

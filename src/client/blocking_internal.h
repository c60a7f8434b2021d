// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: the blocking form of a call.
#pragma once

#include "base/compiler.h"
#include "pebble.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

// Gets each item of the call; false ends it with PEBBLE_ERROR_CANCELLED.
typedef bool (*client_item_fn)(struct pebble_call *call, void *data);

// Waits until the call is to be stepped or `also`, whose revents are set then, is ready. Both may be NULL. Signals
// change nothing. PEBBLE_ERROR_CANCELLED when the client's interrupt descriptor is readable.
bool client_wait(struct pebble_client *client, const struct pebble_call *call, struct pollfd *also,
                 struct pebble_error *error) NODISCARD;
// The same for a call alone, until a time at most, clock_monotonic_ns() or CLIENT_NO_DEADLINE.
bool client_wait_until(struct pebble_client *client, const struct pebble_call *call, int64_t time_ns,
                       struct pebble_error *error) NODISCARD;
// PEBBLE_ERROR_CANCELLED if the client's interrupt descriptor is readable.
bool client_check_interrupt(struct pebble_client *client, struct pebble_error *error) NODISCARD;
// Steps and polls until the call is over, or the client's interrupt descriptor is readable (PEBBLE_ERROR_CANCELLED);
// true when it is done. `on_item` may be NULL.
bool client_run(struct pebble_call *call, client_item_fn on_item, void *data, struct pebble_error *error) NODISCARD;

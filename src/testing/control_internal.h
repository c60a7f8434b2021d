// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: what waiting and requests of the library itself need.
#pragma once

#include "base/compiler.h"
#include "testing/handle_internal.h"

#include <stdbool.h>
#include <stdint.h>

// Sets the deadline of the call of a public function, which begins with it.
void testing_control_begin(struct pebble_test_daemon *daemon);
// Pauses for a moment before the next look at the daemon; false when the deadline has passed.
bool testing_control_pause(const struct pebble_test_daemon *daemon);
// A client of the daemon's own socket, whose requests are not recorded. Its timeout is what is left until the deadline.
// Belongs to the caller.
bool testing_control_client(const struct pebble_test_daemon *daemon, struct pebble_client **client,
                            struct pebble_error *error) NODISCARD;

// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: what waiting and requests of the library itself need.
#pragma once

#include "base/compiler.h"
#include "testing/handle_internal.h"

#include <stdbool.h>
#include <stdint.h>

int64_t testing_control_deadline_ns(const struct pebble_test_daemon *daemon); // for a wait that begins now
// Pauses for a moment before the next look at the daemon; false when the deadline has passed.
bool testing_control_pause(int64_t deadline_ns);
// A client of the daemon's own socket, whose requests are not recorded. Belongs to the caller.
bool testing_control_client(const struct pebble_test_daemon *daemon, struct pebble_client **client,
                            struct pebble_error *error) NODISCARD;

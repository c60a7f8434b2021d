// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: start of the daemon.
#pragma once

#include "base/compiler.h"
#include "testing/handle_internal.h"

#include <stdbool.h>

// Starts the program, waits until it responds, and opens the socket for clients.
bool testing_daemon_launch(struct pebble_test_daemon *daemon, struct pebble_error *error) NODISCARD;

// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: checks that the test controls.
#pragma once

#include "base/compiler.h"
#include "testing/handle_internal.h"

#include <stdbool.h>

// Adds the layer with all of them again: it does not outlive the daemon.
bool testing_checks_restore(struct pebble_test_daemon *daemon, struct pebble_error *error) NODISCARD;

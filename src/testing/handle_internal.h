// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: the daemon of a test.
#pragma once

#include "base/compiler.h"
#include "pebble-test.h"
#include "testing/guardian_internal.h"
#include "testing/options_internal.h"
#include "testing/place_internal.h"
#include "testing/records_internal.h"
#include "testing/relay_internal.h"
#include "testing/responder_internal.h"

#include <stdbool.h>
#include <stdint.h>

// A check that the test controls.
struct testing_check {
    char *name;
    char *level; // NULL: none
};

struct pebble_test_daemon {
    struct testing_options options;
    struct testing_place place;
    struct testing_guardian guardian;
    struct testing_records *records;
    struct testing_relay *relay;
    struct testing_responder *responder; // NULL before the first check
    struct testing_check *checks;        // the responder's index is that in this array
    size_t check_count, check_capacity;
    struct pebble_client *client; // of the relay
    char *root_path;              // NULL: that of the machine
    char *root_problem;           // NULL: none
    int64_t deadline_ns;          // of the call that runs
    bool is_running;              // as far as messages of the keeper were read
    bool is_reachable;            // what the test wants
};

// SPDX-License-Identifier: GPL-3.0-or-later
// The parts of the torture test: each makes calls of libpebble that belong together.
#pragma once

#include <pebble.h>
#include <stdbool.h>

#define UNUSED __attribute__((unused))

struct torture_part {
    const char *name;
    // Makes the calls with a new client. Releases all that it gets, whether or not it succeeds.
    bool (*run)(struct pebble_client *client, struct pebble_error *error);
};
bool torture_charm(struct pebble_client *client, struct pebble_error *error);
bool torture_test_daemon(struct pebble_client *client, struct pebble_error *error);
extern const struct torture_part torture_parts[];
extern const unsigned torture_part_count;

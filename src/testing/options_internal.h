// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: the options of a daemon, checked, and with their defaults.
#pragma once

#include "base/compiler.h"
#include "base/text.h"
#include "pebble-test.h"

#include <stdbool.h>
#include <stdint.h>

struct testing_options {
    struct pebble_test_options given; // borrowed pointers; the program, flags and timeout have their defaults
    char *program;                    // its path, owned
};

// PEBBLE_ERROR_ARGUMENT. `given` may be NULL.
bool testing_options_read(struct testing_options *options, const struct pebble_test_options *given,
                          struct pebble_error *error) NODISCARD;
void testing_options_finish(struct testing_options *options);

// The environment of the daemon, "NAME=VALUE" each, in which the options count more than that of the caller.
void testing_options_environment(const struct testing_options *options, const char *daemon_directory,
                                 const char *socket_path, struct text_list *environment);

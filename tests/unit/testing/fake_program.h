// SPDX-License-Identifier: GPL-3.0-or-later
// A program in the place of `pebble`: the test program itself, started again with FAKE_PROGRAM in its environment. It
// responds to a few requests, one after the other. FAKE_PROGRAM says what is special about it:
//     serve     nothing
//     exit      ends at once
//     hang      does not listen
//     stubborn  ignores SIGTERM
//     orphan    kills its parent, and so itself, when there is a request for notices
//     stuck     the check never changes its status
#pragma once

#include "pebble-test.h"

#include <stdbool.h>

#define FAKE_TIMEOUT_MS 60000

// Call first in main(). Does not return in the program.
void fake_program_begin(void);
// Options for it, with the one variable "FAKE_PROGRAM=KIND".
struct pebble_test_options fake_program_options(const char *const *environment);

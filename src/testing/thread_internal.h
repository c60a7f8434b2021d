// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to testing/: a thread with all signals blocked.
#pragma once

#include "base/compiler.h"
#include "pebble.h"

#include <pthread.h>
#include <stdbool.h>

typedef void *(*testing_thread_fn)(void *data);

// PEBBLE_ERROR_FILE.
bool testing_thread_start(pthread_t *thread, testing_thread_fn run, void *data, struct pebble_error *error) NODISCARD;

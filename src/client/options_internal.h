// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: structures of options that grow from version to version (see clone3(2) for the idiom).
#pragma once

#include "base/compiler.h"
#include "pebble.h"

#include <stdbool.h>
#include <stddef.h>

// Copies to `own` what the caller's version of the structure has; the rest is zero. `given` begins with its size, and
// may be NULL: all is zero then. PEBBLE_ERROR_ARGUMENT if there is no size, or something is set that we do not know.
bool client_options_read(void *own, size_t own_size, const void *given, struct pebble_error *error) NODISCARD;
// PEBBLE_ERROR_ARGUMENT if it is the result of a failed open(). `fd` may be NULL.
bool client_options_check_fd(const int *fd, struct pebble_error *error) NODISCARD;
// PEBBLE_ERROR_ARGUMENT if others than the known flags are set.
bool client_options_check_flags(uint64_t flags, uint64_t known, struct pebble_error *error) NODISCARD;

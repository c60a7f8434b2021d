// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: reading a change, for those who ask for one and those who wait for one.
#pragma once

#include "base/compiler.h"
#include "client/call_internal.h"
#include "client/change_internal.h"
#include "data/json.h"
#include "pebble.h"

#include <stdbool.h>

extern const struct client_result_type client_change_result;

// NULL with PEBBLE_ERROR_PROTOCOL.
struct pebble_change *client_change_read(const json_t *value, struct pebble_error *error) NODISCARD;

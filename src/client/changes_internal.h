// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: reading a change, for those who ask for one and those who wait for one.
#pragma once

#include "base/compiler.h"
#include "client/client_internal.h"
#include "client/request_internal.h"
#include "pebble.h"

#include <stdbool.h>

// PEBBLE_ERROR_ARGUMENT if that is no id that could stand in a path.
bool client_check_change_id(const char *id, struct pebble_error *error) NODISCARD;
// Sends a request that is answered with a change.
bool client_call_change(struct pebble_client *client, const struct client_request *request,
                        struct pebble_change *change, struct pebble_error *error) NODISCARD;

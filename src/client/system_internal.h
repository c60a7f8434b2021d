// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: what the daemon tells of itself, for those who ask for it and for subscriptions.
#pragma once

#include "base/compiler.h"
#include "data/json.h"
#include "pebble.h"

#define CLIENT_SYSTEM_INFO_TARGET "/v1/system-info"

// NULL with PEBBLE_ERROR_PROTOCOL.
struct pebble_system_info *client_system_info_read(const json_t *value, struct pebble_error *error) NODISCARD;

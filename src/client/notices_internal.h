// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: lists of notices, for those who ask for one and for subscriptions.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "data/json.h"
#include "pebble.h"

// Reads a list (NULL: an empty one). NULL with PEBBLE_ERROR_PROTOCOL.
struct pebble_notices *client_notices_read(const json_t *list, struct pebble_error *error) NODISCARD;
// Adds the path and the query of the request.
void client_notices_add_target(struct buffer *target, const struct pebble_notice_options *options);

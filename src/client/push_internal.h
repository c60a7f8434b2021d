// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: writing one file, with permissions as text.
#pragma once

#include "base/compiler.h"
#include "client/files_internal.h"
#include "client/source_internal.h"
#include "pebble.h"

#include <stdbool.h>

// Begins the call. The content is borrowed until it has ended, the rest until this returns.
bool client_call_push(struct pebble_client *client, const struct client_file_spec *spec,
                      const struct client_content *content, struct pebble_call **call,
                      struct pebble_error *error) NODISCARD;

// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: the request that begins a command.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "pebble.h"

#include <stdbool.h>

// Copies the options to `own`. PEBBLE_ERROR_ARGUMENT if they are not valid.
bool client_exec_read_options(struct pebble_exec_options *own, const struct pebble_exec_options *options,
                              struct pebble_error *error) NODISCARD;
// Adds the body of POST /v1/exec. Of several values of an environment variable the last one is sent.
void client_exec_write_request(struct buffer *body, const struct pebble_exec_options *options);

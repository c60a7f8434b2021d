// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: how a command has ended. Its accessors are declared in pebble.h.
#pragma once

#include "base/buffer.h"
#include "pebble.h"

// Takes the contents of the buffers.
struct pebble_exec_result *client_exec_result_create(int exit_code, struct buffer *output, struct buffer *error_output);

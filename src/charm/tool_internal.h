// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to charm/: runs a hook tool.
#pragma once

#include "base/compiler.h"
#include "pebble-charm.h"

#include <stdbool.h>
#include <stddef.h>

#define CHARM_OUTPUT_MAX_BYTES ((size_t)16 << 20) // Juju keeps 2 MiB of state, and escapes characters of it
#define CHARM_WORD_MAX_BYTES ((size_t)131071)     // Linux: MAX_ARG_STRLEN, without the NUL

struct charm_tool {
    const char *const *words;
    size_t word_count;
    const char *input; // NULL: /dev/null
    size_t input_length;
};
#define CHARM_TOOL(array)                                                                                              \
    { .words = (array), .word_count = ARRAY_COUNT(array) }

// *output (`output` may be NULL) is owned. The output ends when the tool has ended, even if a process that it has left
// behind still has the pipe.
bool charm_tool_run(struct pebble_charm *charm, const struct charm_tool *tool, char **output,
                    struct pebble_error *error) NODISCARD;

// SPDX-License-Identifier: GPL-3.0-or-later
// Lists of notices, shared by the commands notices and warnings.
#pragma once

#include "cli/document.h"
#include "cli/state_file.h"

#include <pebble.h>

void document_add_notice(struct document *document, const struct pebble_notice *notice);
// Prints {NAME: [notices]}.
void notice_list_print(enum cli_format format, const char *name, const struct pebble_notices *notices);

// After printing: saves in the state file up to what time the notices have been listed, unless there is none. Destroys
// them.
bool notice_list_finish(struct pebble_notices *notices, struct state_file *state, enum state_moment moment,
                        const char *socket_path, struct error *err) NODISCARD;

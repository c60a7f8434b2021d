// SPDX-License-Identifier: GPL-3.0-or-later
// Lines of services on a terminal.
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

// Adds a line of a service for a terminal: what could act on it is escaped as by text_add_shown(), but for tabs.
// Sequences that select colors are kept with `has_colors`, and undone at the end, and left out without. So is a
// carriage return at the end.
void log_message_add_shown(struct buffer *out, const char *message, size_t length, bool has_colors);

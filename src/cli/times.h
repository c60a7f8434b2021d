// SPDX-License-Identifier: GPL-3.0-or-later
// Times as commands show them.
#pragma once

#include "base/buffer.h"
#include "base/clock.h"

#include <stdbool.h>

// Adds the time in the words of people, in the local zone: "today at 15:04 CET", "yesterday at …", "tomorrow at …",
// "12 days ago, at …", "in 12 days, at …" up to 60 days, then the date.
void time_add_relative(struct buffer *out, int64_t wall_ns, int64_t now_ns);

// Adds a time that the daemon gave (RFC 3339): in full seconds with its own zone, or relative to now. NULL and what is
// no time give "-".
void time_add(struct buffer *out, const char *text, bool is_absolute);

// The same with three digits of the second's fraction, for logs.
void time_add_millis(struct buffer *out, const char *text);

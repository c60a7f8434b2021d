// SPDX-License-Identifier: GPL-3.0-or-later
// Formatting of times.
#pragma once

#include "base/buffer.h"
#include "base/clock.h"

#include <stdbool.h>

// Adds the time in relative form, in the local time zone: "today at 15:04 CET", "yesterday at …", "tomorrow at …",
// "12 days ago, at …", "in 12 days, at …" up to 60 days, then the date.
void time_add_relative(struct buffer *out, int64_t wall_ns, int64_t now_ns);

// Adds a time of the API (RFC 3339): absolute, in full seconds with its own zone, or relative to now. Adds "-" for NULL
// and for text that is not a time.
void time_add(struct buffer *out, const char *text, bool is_absolute);

// Adds the shortest form of a time of the API: "15:04" if it is today, else the date; "-" as time_add().
void time_add_short(struct buffer *out, const char *text);
void time_add_short_relative(struct buffer *out, int64_t wall_ns, int64_t now_ns);

// Adds a duration in about five columns: "1.50s", "9m59s", "99.9m", "1h40m", "1d00h", "12.5d".
void duration_add_short(struct buffer *out, int64_t duration_ns);

// Adds a time of the API in its own zone, with milliseconds. Text that is not a time is added unchanged.
void time_add_millis(struct buffer *out, const char *text);

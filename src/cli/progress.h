// SPDX-License-Identifier: GPL-3.0-or-later
// Progress of a change. On a terminal, one line is updated in place. It shows how many tasks are finished, the first
// that is in progress, and for how long it has been, from one second on:
//
//     / 2/5 Start service "web" (12s)
//
// The last log line of each task in progress is printed once, also without a terminal.
#pragma once

#include "base/buffer.h"
#include "base/map.h"

#include <pebble.h>

#include <stdint.h>

struct progress {
    bool has_terminal;
    bool has_line;             // the line has been printed
    bool is_stopping;          // a service was being stopped, as shown last
    unsigned spinner_position; // position of the spinner
    struct map last_logs;      // task ID to the log line printed last; owned
    struct map begins;         // task ID to the time it was first seen in progress, clock_monotonic_ns(); owned
};

void progress_init(struct progress *progress);
void progress_show(struct progress *progress, const struct pebble_change *change);
// Shows words in place of the line, on a terminal only; they are cut at its width.
void progress_show_words(struct progress *progress, const char *words);
void progress_clear(struct progress *progress);  // clears the line; it may be shown again
void progress_finish(struct progress *progress); // clears the line

// Adds the line without its spinner, in at most `width` columns.
void progress_format(const struct pebble_change *change, const struct pebble_task *task, int64_t elapsed_ns,
                     size_t width, struct buffer *out);

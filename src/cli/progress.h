// SPDX-License-Identifier: GPL-3.0-or-later
// Progress of a change. On a terminal, one line shows the current task and is updated in place. The last log line of
// each task in progress is printed once, also without a terminal.
#pragma once

#include "base/map.h"

#include <pebble.h>

struct progress {
    bool has_terminal;
    bool has_line;             // the line has been printed
    unsigned spinner_position; // position of the spinner
    struct map last_logs;      // task ID to the log line printed last; owned
};

void progress_init(struct progress *progress);
void progress_show(struct progress *progress, const struct pebble_change *change);
void progress_finish(struct progress *progress); // clears the line

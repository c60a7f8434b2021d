// SPDX-License-Identifier: GPL-3.0-or-later
// What a waiting command shows of a change. On a terminal: one line with the task that is being done, rewritten in
// place. Everywhere: the last line of a task's log, once, while it is being done.
#pragma once

#include "base/map.h"

#include <pebble.h>

struct progress {
    bool has_terminal;
    bool has_line;        // something stands on the line
    unsigned turn;        // of the little wheel
    struct map last_logs; // by task id: the last line that was shown; owned
};

void progress_init(struct progress *progress);
void progress_show(struct progress *progress, const struct pebble_change *change);
void progress_finish(struct progress *progress); // clears the line

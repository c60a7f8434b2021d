// SPDX-License-Identifier: GPL-3.0-or-later
// Progress of a transfer, on one line of the terminal at standard error that is updated in place:
//
//     data.bin [=======>       ]  45% 12.3MB 98.8MB/s 1m05s left
//
// It appears after a second. Nothing is written to anything but a terminal.
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

struct progress_bar {
    const char *name; // borrowed
    int64_t total;    // bytes; -1 if unknown
    bool has_terminal;
    bool has_line;      // the line has been printed
    int64_t started_ns; // clock_monotonic_ns()
    int64_t shown_ns;   // when the line was updated last
};

bool progress_bar_has_terminal(void);
void progress_bar_init(struct progress_bar *bar, const char *name, int64_t total);
// `done` bytes were transferred.
void progress_bar_update(struct progress_bar *bar, uint64_t done);
void progress_bar_finish(struct progress_bar *bar); // removes the line

// Adds the line, of at most `width` columns.
void progress_bar_format(const struct progress_bar *bar, uint64_t done, int64_t elapsed_ns, size_t width,
                         struct buffer *out);

// SPDX-License-Identifier: GPL-3.0-or-later
// The terminal, where there is one.
#pragma once

#include <stdbool.h>

// The width of standard output's terminal, else COLUMNS; widths below 40 count as 80, those above `most` as `most`.
int terminal_columns(int most);

enum terminal_style { STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_PLAIN };
// The sequence that switches the style on for text written to the descriptor: "" if that is not a terminal, or NO_COLOR
// is set (https://no-color.org), or the terminal is a dumb one.
const char *terminal_style(int fd, enum terminal_style style) __attribute__((returns_nonnull));

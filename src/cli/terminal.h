// SPDX-License-Identifier: GPL-3.0-or-later
// Properties of the terminal.
#pragma once

#include <stdbool.h>

// The width of the terminal at standard output, or $COLUMNS. Widths below 40 count as 80, widths above `most` as
// `most`.
int terminal_columns(int most);
// The width of the terminal at the descriptor as it is, or $COLUMNS, or 80: for a line that must not be wrapped.
int terminal_width(int fd);

enum terminal_style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_GREEN, STYLE_YELLOW };
// The escape sequence that selects the style for text written to the descriptor. "" if that is not a terminal, if
// NO_COLOR is set and not empty (https://no-color.org), or if the terminal is dumb.
const char *terminal_style(int fd, enum terminal_style style) __attribute__((returns_nonnull));

// SPDX-License-Identifier: GPL-3.0-or-later
// Line breaking.
#pragma once

#include "base/buffer.h"

// Adds a message that follows `indent` columns of other text. Paragraphs, separated by empty lines, are broken at
// blanks into lines of at most `columns` columns; all lines but the first are indented. Words are not broken. The
// breaks minimize a cost, summed over all lines of a paragraph but the last: the square of the unused columns, plus 64
// if the line does not end in one of . , : ; . A line that begins with "- " begins a line. Lines that begin with a
// blank are kept, without their common indentation, and separated by empty lines.
void wrap_message(struct buffer *out, const char *text, int columns, int indent);

// Adds each line of the text, indented, and broken at blanks into lines of at most `columns` columns; words that are
// longer are broken. The own indentation of a line is kept, unless it takes half of the columns.
void wrap_lines(struct buffer *out, const char *text, int columns, int indent);

// Adds help text. Paragraphs, separated by empty lines, are filled to `columns`, and every line is indented. Lines that
// begin with a blank are not filled.
void wrap_help(struct buffer *out, const char *text, int columns, int indent);

// SPDX-License-Identifier: GPL-3.0-or-later
// Text broken into lines.
#pragma once

#include "base/buffer.h"

// Adds a message that stands behind `indent` columns of something else: paragraphs (parted by empty lines) are broken
// at blanks into lines of at most `columns` columns, those after the first indented; words are not broken. The breaks
// are those of least raggedness: over all lines but the last of a paragraph, the squares of the columns left
// unused, and 64 for each line that does not end in one of . , : ; are least. Lines that begin with a blank are
// kept as they are, less the indentation that they share, and set off by empty lines.
void wrap_message(struct buffer *out, const char *text, int columns, int indent);

// Adds help text: paragraphs parted by empty lines are filled to `columns`, every line indented, indented lines kept
// as they are below that.
void wrap_help(struct buffer *out, const char *text, int columns, int indent);

// SPDX-License-Identifier: GPL-3.0-or-later
// Columns of text on a terminal: wide characters take two, combining ones none. The text is that of text_add_shown():
// it has no control characters. Nothing depends on the locale of the process.
#pragma once

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The environment selects UTF-8: the first of LC_ALL, LC_CTYPE and LANG that is not empty names it, or all are empty.
bool width_is_utf8(void);

size_t width_of_character(uint32_t code_point);
size_t width_of(const char *text);
// The bytes of the longest beginning that fits in the columns. *used, unless NULL, is its width. Characters are whole,
// with the combining ones that follow them.
size_t width_cut(const char *text, size_t columns, size_t *used);
// Adds the text if it fits in the columns. Otherwise adds its beginning and an ellipsis; with `keeps_end` its end too.
// The ellipsis is "..." without UTF-8.
void width_add_short(struct buffer *out, const char *text, size_t columns, bool keeps_end);
// Adds the text as the terminal can show it: without UTF-8, other than ASCII characters become \u00e9 or \U0001f600.
void width_add_shown(struct buffer *out, const char *text, const char *kept);

// SPDX-License-Identifier: LGPL-3.0-or-later
// Splitting of commands into words, like a POSIX shell, without expansions.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>

// Splits at blanks. '...', "..." and backslash quote; inside double quotes a backslash before any character is removed.
// A # at the start of a word begins a comment that extends to the end of the line. Errors: `EOF found when expecting
// closing quote`, `EOF found after escape character`.
bool shell_split(const char *command, struct text_list *words, struct error *err) NODISCARD;
// Joins the words with blanks and quotes them as needed for a shell, with ' as '"'"'. Owned.
char *shell_join(const struct text_list *words);

// SPDX-License-Identifier: LGPL-3.0-or-later
// Words of a command, split the way a POSIX shell does, without any expansion.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>

// Splits by blanks; '...' and "..." and backslash quote; a backslash inside double quotes before any
// character drops out; # at the start of a word begins a comment up to the line's end.
// Errors: `EOF found when expecting closing quote`, `EOF found after escape character`.
bool shell_split(const char *command, struct text_list *words, struct error *err) NODISCARD;
// The words joined by blanks, each quoted where a shell needs it, with ' inside as '"'"'. Owned.
char *shell_join(const struct text_list *words);

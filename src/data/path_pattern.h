// SPDX-License-Identifier: LGPL-3.0-or-later
// Patterns for the names of files, with the rules of Go's path.Match (https://pkg.go.dev/path#Match): `*` matches any
// characters, `?` one, `[a-z]` and `[^a-z]` one of a class, `\` takes the special meaning from the next character. None
// but a class matches a slash. Characters are code points; a leading dot is not special.
#pragma once

#include "base/compiler.h"

#include <stdbool.h>

// False for an empty class, a range without an end, a class without its bracket, or a backslash at the end.
bool path_pattern_is_valid(const char *pattern) NODISCARD;
// Whether the pattern, which must be valid, matches the whole name.
bool path_pattern_match(const char *pattern, const char *name) NODISCARD;

// SPDX-License-Identifier: LGPL-3.0-or-later
// POSIX extended regular expressions, regex(7), from users: without back-references, whose search may take for ever,
// and with limits, as repetitions are copies in memory.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define REGULAR_EXPRESSION_MAX_BYTES ((size_t)1024)

struct regular_expression;

bool regular_expression_create(const char *text, struct regular_expression **expression, struct error *err) NODISCARD;
void regular_expression_destroy(struct regular_expression *expression); // NULL is allowed
// Whether it matches a part of the text, which may contain NULs.
bool regular_expression_matches(const struct regular_expression *expression, const char *text, size_t length);

// SPDX-License-Identifier: GPL-3.0-or-later
// Private to plan/: collects what is wrong, so that a user hears of everything at once. The first fault is the message,
// the others follow on lines of their own that begin with "- also: "; of very many, the number is said.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct diagnostics {
    struct text_list messages;
    size_t omitted; // beyond the limit
};

// The same message counts once.
void diagnostics_add(struct diagnostics *diagnostics, const char *format, ...) PRINTF_LIKE(2, 3);
bool diagnostics_are_empty(const struct diagnostics *diagnostics);
// True if there are none; otherwise the error (ERROR_BAD_REQUEST) tells them all.
bool diagnostics_report(const struct diagnostics *diagnostics, struct error *err) NODISCARD;
void diagnostics_clear(struct diagnostics *diagnostics);
#define AUTO_DIAGNOSTICS CLEANUP(diagnostics_clear)

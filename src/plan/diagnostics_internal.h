// SPDX-License-Identifier: GPL-3.0-or-later
// Private to plan/: collects faults, so that all of them are reported together. The first one is the message; up to 49
// more follow on lines that begin with "- also: ", then the number of the others.
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

// A message that is there already is not added again.
void diagnostics_add(struct diagnostics *diagnostics, const char *format, ...) PRINTF_LIKE(2, 3);
bool diagnostics_are_empty(const struct diagnostics *diagnostics);
// True if there are none; otherwise sets an ERROR_BAD_REQUEST with all messages.
bool diagnostics_report(const struct diagnostics *diagnostics, struct error *err) NODISCARD;
void diagnostics_clear(struct diagnostics *diagnostics);
#define AUTO_DIAGNOSTICS CLEANUP(diagnostics_clear)

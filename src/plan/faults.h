// SPDX-License-Identifier: GPL-3.0-or-later
// Collects what is wrong, so that a user hears of everything at once. The first fault is the message, the
// others follow on lines of their own that begin with "- also: "; of very many, the number is said.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct faults {
    struct text_list messages;
    size_t omitted; // beyond the limit
};

// The same message counts once.
void faults_add(struct faults *faults, const char *format, ...) PRINTF_LIKE(2, 3);
bool faults_are_none(const struct faults *faults);
// True if there are none; otherwise the error (ERROR_BAD_REQUEST) tells them all.
bool faults_report(const struct faults *faults, struct error *err) NODISCARD;
void faults_clear(struct faults *faults);
#define AUTO_FAULTS CLEANUP(faults_clear)

// SPDX-License-Identifier: GPL-3.0-or-later
// The end of a job's output, for error messages: a sink that keeps the last bytes and returns the last lines of them.
#pragma once

#include "process/job_sink.h"

#include <stddef.h>

struct output_tail;

// Keeps the last `limit_bytes` (above 0); uses up to twice as much memory.
struct output_tail *output_tail_create(size_t limit_bytes) __attribute__((returns_nonnull));
void output_tail_destroy(struct output_tail *tail); // NULL is fine
struct job_sink output_tail_sink(struct output_tail *tail);
// Returns the last `line_count` lines, without white space at either end and with U+FFFD for NUL bytes; preceded by a
// line `(...)` if output was left out. Owned.
char *output_tail_text(const struct output_tail *tail, size_t line_count);

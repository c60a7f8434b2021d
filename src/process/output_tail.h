// SPDX-License-Identifier: GPL-3.0-or-later
// The end of a job's output, for messages: a sink that keeps the last bytes, and gives the last lines of them.
#pragma once

#include "process/job_sink.h"

#include <stddef.h>

struct output_tail;

// Keeps `limit_bytes`, more than 0; uses up to twice as many.
struct output_tail *output_tail_create(size_t limit_bytes) __attribute__((returns_nonnull));
void output_tail_destroy(struct output_tail *tail); // NULL is fine
struct job_sink output_tail_sink(struct output_tail *tail);
// The last `line_count` lines, without white space at either end, and with U+FFFD for NUL bytes; after a line `(...)`
// if there was more before them. Owned.
char *output_tail_text(const struct output_tail *tail, size_t line_count);

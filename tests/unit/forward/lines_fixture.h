// SPDX-License-Identifier: GPL-3.0-or-later
// Rings with lines, on a loop with virtual time.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/memory.h"
#include "base/text.h"
#include "logs/ring.h"
#include "loop/loop.h"

static const struct map nothing; // no labels, no environment

static inline void append(struct ring *ring, const char *text, int64_t millis) {
    ring_append(ring, text, strlen(text), millis * NS_PER_MS);
}

// Appends the lines "0" to "COUNT-1", of one time.
static inline void append_numbers(struct ring *ring, int count) {
    for (int i = 0; i < count; i++) {
        char line[16];
        (void)snprintf(line, sizeof line, "%d\n", i);
        append(ring, line, 1);
    }
}

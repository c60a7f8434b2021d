// SPDX-License-Identifier: LGPL-3.0-or-later
// Floating-point numbers as text, whatever the locale.
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

// The number that the text, as a whole, is in decimal notation, with an optional fraction and exponent.
// Beyond the range of a double it is infinite.
double real_parse(const char *text);

// The shortest text that reads back as the same finite number: without an exponent where that of the first
// digit is at least `low` and less than `high` (between -10 and 30), else like 1.5e+21 with an exponent of
// at least `exponent_digits` digits.
#define REAL_TEXT_SIZE 48
void real_format(double value, int low, int high, int exponent_digits, char out[REAL_TEXT_SIZE]);

// SPDX-License-Identifier: LGPL-3.0-or-later
// Floating-point numbers as text, independent of the locale.
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

// The value of the whole text in decimal notation, with an optional fraction and exponent; infinite beyond the range of
// a double.
double real_parse(const char *text);

// Writes the shortest text that reads back as the same finite number. If the exponent of the first digit is at least
// `low` and less than `high` (-10 to 30), the text has no exponent; otherwise it is like 1.5e+21, with at least
// `exponent_digits` digits of exponent.
#define REAL_TEXT_SIZE 48
void real_format(double value, int low, int high, int exponent_digits, char out[REAL_TEXT_SIZE]);

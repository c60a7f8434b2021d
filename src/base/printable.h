// SPDX-License-Identifier: LGPL-3.0-or-later
// Printable code points.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Letters, marks, numbers, punctuation, symbols and U+0020: what Go's strconv.IsPrint accepts
// (https://pkg.go.dev/strconv#IsPrint).
bool printable_code_point(uint32_t code_point);

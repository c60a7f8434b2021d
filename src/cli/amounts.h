// SPDX-License-Identifier: GPL-3.0-or-later
// Formatting of amounts of bytes.
#pragma once

#include "base/buffer.h"

#include <stdint.h>

// Adds the amount with a unit, in six columns at most: "1234B", "12.3kB", "1.00MB", "6.00GB". Units are powers of 1000.
void amount_add(struct buffer *out, uint64_t bytes);

// SPDX-License-Identifier: GPL-3.0-or-later
// Fits tables to a terminal: docs/internals/terminal.md.
#pragma once

#include "cli/table.h"

// Writes the rows to `out`, for standard output: fitted if that is a terminal.
void table_show(const struct table *table, struct buffer *out);
// Writes the rows fitted to the width, if that is possible and the table has properties, else as they are.
void table_write_fitted(const struct table *table, size_t width, struct buffer *out);

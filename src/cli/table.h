// SPDX-License-Identifier: GPL-3.0-or-later
// Text tables. Columns are aligned by characters and separated by two spaces; a column is at least five wide including
// these. The last column is not padded.
#pragma once

#include "base/buffer.h"
#include "base/text.h"

#define TABLE_MAX_COLUMNS 8

struct table {
    size_t columns;
    struct text_list cells; // row by row
};

void table_init(struct table *table, size_t columns);
void table_finish(struct table *table);
#define AUTO_TABLE CLEANUP(table_finish)
// Adds the next cell, as text_add_shown() writes it.
void table_add(struct table *table, const char *cell);
void table_add_buffer(struct table *table, struct buffer *cell); // the buffer is empty afterwards
void table_add_row(struct table *table, const char *const *cells);
// Writes the rows to `out`.
void table_write(const struct table *table, struct buffer *out);

// SPDX-License-Identifier: GPL-3.0-or-later
// Text tables. Written to anything but a terminal, columns are aligned by characters and separated by two spaces; a
// column is at least five wide including these; the last column is not padded. On a terminal, columns are aligned by
// the width of their text, and the table is fitted to the terminal: docs/internals/terminal.md.
#pragma once

#include "base/buffer.h"
#include "base/text.h"

#define TABLE_MAX_COLUMNS 8

enum table_kind {
    TABLE_PLAIN,  // is never shortened
    TABLE_NAME,   // is shortened in its middle
    TABLE_STATUS, // as TABLE_PLAIN, colored by its meaning
    TABLE_TEXT,   // continues on lines below; last column only
};

struct table_column {
    const char *title; // NULL in all columns: there is no line of titles
    enum table_kind kind;
    unsigned rank; // the column with the highest is left out first, one at a time; 0: never
};

struct table {
    const struct table_column *properties; // one for each column; NULL: the table is not fitted
    size_t columns;
    struct text_list cells;  // row by row
    struct text_list shorts; // for each cell a shorter form, or ""
};

void table_init(struct table *table, size_t columns);
// Borrows the properties. Adds the line of titles.
void table_init_columns(struct table *table, const struct table_column *properties, size_t columns);
void table_finish(struct table *table);
#define AUTO_TABLE CLEANUP(table_finish)
// Adds the next cell, as text_add_shown() writes it.
void table_add(struct table *table, const char *cell);
void table_add_buffer(struct table *table, struct buffer *cell); // the buffer is empty afterwards
void table_add_row(struct table *table, const char *const *cells);
// Adds a cell with a time of the API, as time_add() does.
void table_add_time(struct table *table, const char *time, bool is_absolute);
// Writes the rows to `out` as they are.
void table_write(const struct table *table, struct buffer *out);

// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/table.h"

#include <stdlib.h>
#include <string.h>

#include "cli/times.h"

#define LEAST_WIDTH 5
#define GAP 2

void table_init(struct table *table, size_t columns) {
    if (columns == 0 || columns > TABLE_MAX_COLUMNS)
        abort();
    *table = (struct table){.columns = columns};
}

void table_init_columns(struct table *table, const struct table_column *properties, size_t columns) {
    table_init(table, columns);
    table->properties = properties;
    for (size_t i = 0; i < columns && properties[i].title != NULL; i++)
        table_add(table, properties[i].title);
}

void table_finish(struct table *table) {
    text_list_clear(&table->cells);
    text_list_clear(&table->shorts);
}

// --- cells ---

static void add_cell(struct table *table, const char *cell, const char *short_form) {
    struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
    text_add_shown(&shown, cell, "");
    text_list_add_owned(&table->cells, buffer_take(&shown));
    text_list_add(&table->shorts, short_form);
}

void table_add(struct table *table, const char *cell) {
    add_cell(table, cell, "");
}

void table_add_buffer(struct table *table, struct buffer *cell) {
    table_add(table, buffer_text(cell));
    buffer_finish(cell);
}

void table_add_row(struct table *table, const char *const *cells) {
    for (size_t i = 0; i < table->columns; i++)
        table_add(table, cells[i]);
}

void table_add_time(struct table *table, const char *time, bool is_absolute) {
    AUTO_BUFFER struct buffer cell = BUFFER_INIT(BUFFER_NO_LIMIT), short_form = BUFFER_INIT(BUFFER_NO_LIMIT);
    time_add(&cell, time, is_absolute);
    if (!is_absolute)
        time_add_short(&short_form, time);
    add_cell(table, buffer_text(&cell), buffer_text(&short_form));
}

// --- writing ---

static size_t cell_width(const char *cell) {
    return utf8_count(cell, strlen(cell));
}

void table_write(const struct table *table, struct buffer *out) {
    size_t widths[TABLE_MAX_COLUMNS] = {0};
    for (size_t i = 0; i < table->cells.count; i++) {
        size_t needed = cell_width(table->cells.items[i]) + GAP;
        size_t *width = &widths[i % table->columns];
        if (needed > *width)
            *width = needed < LEAST_WIDTH ? LEAST_WIDTH : needed;
    }
    for (size_t i = 0; i < table->cells.count; i++) {
        const char *cell = table->cells.items[i];
        size_t column = i % table->columns;
        buffer_add_string(out, cell);
        if (column + 1 == table->columns) {
            buffer_add_char(out, '\n');
            continue;
        }
        for (size_t width = cell_width(cell); width < widths[column]; width++)
            buffer_add_char(out, ' ');
    }
}

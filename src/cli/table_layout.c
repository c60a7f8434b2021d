// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/table_layout.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "cli/terminal.h"
#include "cli/width.h"

#define GAP 2
#define LEAST_WIDTH 3 // of a column that is padded

// The least widths of columns while there is a column to leave out of rank 2 and above, of rank 1, and none.
struct least {
    size_t name, text;
};
static const struct least leasts[] = {{6, 6}, {16, 12}, {24, 20}};

struct table_layout {
    size_t widths[TABLE_MAX_COLUMNS];
    bool is_left_out[TABLE_MAX_COLUMNS];
    size_t last;            // the last column that is shown
    struct text_list cells; // as the terminal can show them; owned
};

// --- finding ---

// The cells of the terminal: short forms, if they are used, and characters that it can show.
static void take_cells(const struct table *table, bool has_short_forms, struct text_list *cells) {
    text_list_clear(cells);
    for (size_t i = 0; i < table->cells.count; i++) {
        struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
        bool is_short = has_short_forms && table->shorts.items[i][0] != '\0';
        width_add_shown(&shown, is_short ? table->shorts.items[i] : table->cells.items[i], "");
        text_list_add_owned(cells, buffer_take(&shown));
    }
}

static void find_last(const struct table *table, struct table_layout *layout) {
    for (size_t i = 0; i < table->columns; i++) {
        if (!layout->is_left_out[i])
            layout->last = i;
    }
}

static void measure(const struct table *table, struct table_layout *layout) {
    find_last(table, layout);
    for (size_t i = 0; i < table->columns; i++)
        layout->widths[i] = i < layout->last ? LEAST_WIDTH : 0;
    for (size_t i = 0; i < layout->cells.count; i++) {
        size_t width = width_of(layout->cells.items[i]), column = i % table->columns;
        if (width > layout->widths[column])
            layout->widths[column] = width;
    }
}

// The columns by which the lines are too long.
static size_t find_excess(const struct table *table, size_t width, const struct table_layout *layout) {
    size_t total = 0;
    for (size_t i = 0; i < table->columns; i++)
        total += layout->is_left_out[i] ? 0 : layout->widths[i] + (i < layout->last ? GAP : 0);
    return total > width ? total - width : 0;
}

static void take_from(size_t *width, size_t least, size_t *excess) {
    size_t most = *width > least ? *width - least : 0, taken = most < *excess ? most : *excess;
    *width -= taken;
    *excess -= taken;
}

// The widest column with names that has more than the least width, or NULL.
static size_t *widest_name(const struct table *table, struct table_layout *layout, size_t least) {
    size_t *widest = NULL;
    for (size_t i = 0; i < table->columns; i++) {
        size_t *width = &layout->widths[i];
        if (table->properties[i].kind == TABLE_NAME && !layout->is_left_out[i] && *width > least &&
            (widest == NULL || *width > *widest))
            widest = width;
    }
    return widest;
}

// The rank of the column to leave out next; 0: none.
static unsigned highest_rank(const struct table *table, const struct table_layout *layout) {
    unsigned highest = 0;
    for (size_t i = 0; i < table->columns; i++) {
        if (!layout->is_left_out[i] && table->properties[i].rank > highest)
            highest = table->properties[i].rank;
    }
    return highest;
}

static void leave_out(const struct table *table, unsigned rank, struct table_layout *layout) {
    for (size_t i = 0; i < table->columns; i++)
        layout->is_left_out[i] = layout->is_left_out[i] || table->properties[i].rank == rank;
}

// Narrows the column with text, then those with names. False if that is not enough.
static bool narrow(const struct table *table, size_t width, const struct least *least, struct table_layout *layout) {
    size_t excess = find_excess(table, width, layout);
    if (table->properties[layout->last].kind == TABLE_TEXT)
        take_from(&layout->widths[layout->last], least->text, &excess);
    while (excess > 0) {
        size_t *name = widest_name(table, layout, least->name);
        if (name == NULL)
            return false;
        take_from(name, *name - 1, &excess);
    }
    return true;
}

// False if the table does not fit in any way.
static bool find_widths(const struct table *table, size_t width, struct table_layout *layout) {
    take_cells(table, false, &layout->cells);
    measure(table, layout);
    if (find_excess(table, width, layout) == 0)
        return true;
    take_cells(table, true, &layout->cells);
    for (;;) {
        unsigned rank = highest_rank(table, layout);
        measure(table, layout);
        if (narrow(table, width, &leasts[rank < ARRAY_COUNT(leasts) ? rank : ARRAY_COUNT(leasts) - 1], layout))
            return true;
        if (rank == 0)
            return false;
        leave_out(table, rank, layout);
    }
}

// --- writing ---

static enum terminal_style status_style(const char *word) {
    static const struct {
        const char *word;
        enum terminal_style style;
    } styles[] = {{"active", STYLE_GREEN}, {"up", STYLE_GREEN},       {"error", STYLE_RED},
                  {"down", STYLE_RED},     {"Error", STYLE_RED},      {"backoff", STYLE_YELLOW},
                  {"Doing", STYLE_YELLOW}, {"Undoing", STYLE_YELLOW}, {"Abort", STYLE_YELLOW},
                  {"inactive", STYLE_DIM}, {"Hold", STYLE_DIM}};
    for (size_t i = 0; i < ARRAY_COUNT(styles); i++) {
        if (text_equal(styles[i].word, word))
            return styles[i].style;
    }
    return STYLE_PLAIN;
}

// The bytes of the first line of a text in the width. A word that is longer than a line is broken.
static size_t first_line(const char *text, size_t width) {
    size_t length = width_cut(text, width, NULL);
    if (text[length] == '\0')
        return length;
    for (size_t i = length; i > 0; i--) {
        if (text[i] == ' ')
            return i;
    }
    return length > 0 ? length : width_cut(text, 2, NULL);
}

struct output_line {
    struct buffer *out;
    size_t blanks; // that are still to be written, before more text
};

static void add_text(struct output_line *line, const char *text, size_t length, enum terminal_style style) {
    const char *begin = style == STYLE_PLAIN ? "" : terminal_style(STDOUT_FILENO, style);
    if (length == 0)
        return;
    for (; line->blanks > 0; line->blanks--)
        buffer_add_char(line->out, ' ');
    buffer_add_string(line->out, begin);
    buffer_add(line->out, text, length);
    if (*begin != '\0')
        buffer_add_string(line->out, terminal_style(STDOUT_FILENO, STYLE_PLAIN));
}

// Adds the first line of the cell, and moves it to the next, or to its end.
static void add_cell(struct output_line *line, const char **cell, size_t width, enum table_kind kind,
                     enum terminal_style style) {
    AUTO_BUFFER struct buffer part = BUFFER_INIT(BUFFER_NO_LIMIT);
    size_t length = kind == TABLE_TEXT ? first_line(*cell, width) : strlen(*cell);
    if (kind == TABLE_NAME)
        width_add_short(&part, *cell, width, true);
    else
        buffer_add(&part, *cell, length);
    *cell += length;
    while (kind == TABLE_TEXT && **cell == ' ')
        (*cell)++;
    size_t used = width_of(buffer_text(&part));
    add_text(line, buffer_text(&part), part.length, style);
    line->blanks += GAP + (width > used ? width - used : 0);
}

static bool has_more(const struct table *table, const struct table_layout *layout, const char *const *cells) {
    for (size_t i = 0; i < table->columns; i++) {
        if (!layout->is_left_out[i] && cells[i][0] != '\0')
            return true;
    }
    return false;
}

static void write_row(const struct table *table, const struct table_layout *layout, size_t row, struct buffer *out) {
    const char *cells[TABLE_MAX_COLUMNS] = {NULL};
    bool is_title = row == 0 && table->properties[0].title != NULL;
    for (size_t i = 0; i < table->columns; i++)
        cells[i] = layout->cells.items[row * table->columns + i];
    do {
        struct output_line line = {.out = out};
        for (size_t i = 0; i < table->columns; i++) {
            enum table_kind kind = table->properties[i].kind;
            enum terminal_style style = is_title               ? STYLE_BOLD
                                        : kind == TABLE_STATUS ? status_style(cells[i])
                                                               : STYLE_PLAIN;
            if (!layout->is_left_out[i])
                add_cell(&line, &cells[i], layout->widths[i], kind, style);
        }
        buffer_add_char(out, '\n');
    } while (has_more(table, layout, cells));
}

void table_write_fitted(const struct table *table, size_t width, struct buffer *out) {
    struct table_layout layout = {0};
    if (table->properties != NULL && find_widths(table, width, &layout)) {
        for (size_t row = 0; row < layout.cells.count / table->columns; row++)
            write_row(table, &layout, row, out);
    } else {
        table_write(table, out);
    }
    text_list_clear(&layout.cells);
}

void table_show(const struct table *table, struct buffer *out) {
    if (isatty(STDOUT_FILENO))
        table_write_fitted(table, (size_t)terminal_width(STDOUT_FILENO), out);
    else
        table_write(table, out);
}

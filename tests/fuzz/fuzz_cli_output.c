// SPDX-License-Identifier: GPL-3.0-or-later
// Text of a daemon as the command line shows it: cells of tables, separated by the byte 0x1E, and messages. The first
// byte has the number of columns, the second the width of the terminal. No control character reaches the output but the
// line feeds, and no text changes how many rows there are.
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/table_layout.h"
#include "cli/width.h"
#include "cli/wrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct table_column columns[] = {
    {"Name", TABLE_NAME, 0},  {"Status", TABLE_STATUS, 0}, {"Plain", TABLE_PLAIN, 2},
    {"Other", TABLE_NAME, 1}, {"Notes", TABLE_TEXT, 0},
};

static void require(bool condition) {
    if (!condition)
        abort();
}

// C0, DEL and C1, which are two bytes in UTF-8, are escaped; so are bytes that are no UTF-8.
static void check_shown(const struct buffer *out) {
    const char *text = out->length > 0 ? out->data : "";
    for (size_t i = 0; i < out->length; i++) {
        unsigned char c = (unsigned char)text[i];
        require((c >= ' ' && c != 0x7f) || c == '\n');
        require(c != 0xc2 || (i + 1 < out->length && (unsigned char)text[i + 1] >= 0xa0));
    }
    require(utf8_is_valid(text, out->length));
}

static size_t count_lines(const struct buffer *out) {
    size_t count = 0;
    for (size_t i = 0; i < out->length; i++)
        count += out->data[i] == '\n';
    return count;
}

static void check_table(char *rest, size_t count, size_t width) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer plain = BUFFER_INIT(BUFFER_NO_LIMIT), fitted = BUFFER_INIT(BUFFER_NO_LIMIT);
    table_init_columns(&table, columns + ARRAY_COUNT(columns) - count, count);
    while (rest != NULL)
        table_add(&table, strsep(&rest, "\x1e"));
    while (table.cells.count % count != 0)
        table_add(&table, "");
    table_write(&table, &plain);
    check_shown(&plain);
    require(count_lines(&plain) == table.cells.count / count);
    table_write_fitted(&table, width, &fitted);
    check_shown(&fitted);
    require(count_lines(&fitted) >= table.cells.count / count);
}

// As the warnings and the messages of errors are shown.
static void check_message(const char *text, size_t width) {
    AUTO_BUFFER struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT), help = BUFFER_INIT(BUFFER_NO_LIMIT),
                              message = BUFFER_INIT(BUFFER_NO_LIMIT);
    text_add_shown(&shown, text, "\n");
    check_shown(&shown);
    wrap_help(&help, buffer_text(&shown), (int)width, 2);
    check_shown(&help);
    wrap_message(&message, buffer_text(&shown), (int)width, 2);
    check_shown(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    size_t width = 20 + data[1] % 180;
    AUTO_FREE char *text = memory_string_n((const char *)data + 2, size - 2);
    check_message(text, width);
    check_table(text, 1 + data[0] % ARRAY_COUNT(columns), width);
    return 0;
}

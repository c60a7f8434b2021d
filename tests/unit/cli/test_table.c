// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/table.h"

static void aligns_by_characters(void **state UNUSED) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    table_init(&table, 3);
    table_add_row(&table, (const char *const[]){"Service", "X", "Note"});
    table_add_row(&table, (const char *const[]){"caf\xc3\xa9-bar", "", "a longer one"});
    table_add_row(&table, (const char *const[]){"a", "1", "-"});
    table_write(&table, &out);
    assert_string_equal(buffer_text(&out), "Service   X    Note\n"
                                           "caf\xc3\xa9-bar       a longer one\n"
                                           "a         1    -\n");
}

static void does_not_pad_the_last_column(void **state UNUSED) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    table_init(&table, 1);
    table_add(&table, "one");
    struct buffer cell = BUFFER_INIT(BUFFER_NO_LIMIT);
    table_add_buffer(&table, &cell);
    table_write(&table, &out);
    assert_string_equal(buffer_text(&out), "one\n\n");
}

static void columns_are_at_least_five_wide(void **state UNUSED) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    table_init(&table, 3);
    table_add_row(&table, (const char *const[]){"ID", "abc", "S"});
    table_write(&table, &out);
    assert_string_equal(buffer_text(&out), "ID   abc  S\n");
}

static void foreign_text_stays_in_its_cell(void **state UNUSED) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    table_init(&table, 2);
    table_add_row(&table, (const char *const[]){"a\r\nb", "\x1b[2J"});
    table_write(&table, &out);
    assert_string_equal(buffer_text(&out), "a\\r\\nb  \\x1b[2J\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foreign_text_stays_in_its_cell),
        cmocka_unit_test(aligns_by_characters),
        cmocka_unit_test(does_not_pad_the_last_column),
        cmocka_unit_test(columns_are_at_least_five_wide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "cli/table_layout.h"
#include "cli/width.h"

#define LONG_NAME "a-long-name-of-a-service-in-the-pool"
#define WIDE "\xE6\x95\xB0\xE6\x8D\xAE"

static const struct table_column columns[] = {{"Service", TABLE_NAME, 0},
                                              {"Startup", TABLE_PLAIN, 3},
                                              {"Current", TABLE_STATUS, 0},
                                              {"Since", TABLE_PLAIN, 2},
                                              {"Notes", TABLE_TEXT, 1}};

static void fill(struct table *table) {
    table_init_columns(table, columns, ARRAY_COUNT(columns));
    table_add_row(table, (const char *const[]){"web", "enabled", "active", "-", "waiting for db and for cache"});
    table_add_row(table, (const char *const[]){LONG_NAME, "disabled", "inactive", "-", ""});
}

static void assert_fitted(size_t width, const char *expected) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    fill(&table);
    table_write_fitted(&table, width, &out);
    assert_string_equal(buffer_text(&out), expected);
}

static void is_as_it_is_if_it_fits(void **state UNUSED) {
    assert_fitted(
        101, "Service                               Startup   Current   Since  Notes\n"
             "web                                   enabled   active    -      waiting for db and for cache\n" LONG_NAME
             "  disabled  inactive  -\n");
}

static void text_continues_below_and_names_are_shortened(void **state UNUSED) {
    assert_fitted(91, "Service                               Startup   Current   Since  Notes\n"
                      "web                                   enabled   active    -      waiting for db and for\n"
                      "                                                                 cache\n" LONG_NAME
                      "  disabled  inactive  -\n");
    assert_fitted(76, "Service                      Startup   Current   Since  Notes\n"
                      "web                          enabled   active    -      waiting for db and\n"
                      "                                                        for cache\n"
                      "a-long-name-...-in-the-pool  disabled  inactive  -\n");
}

static void columns_are_left_out_by_rank(void **state UNUSED) {
    assert_fitted(63, "Service                   Current   Since  Notes\n"
                      "web                       active    -      waiting for db and\n"
                      "                                           for cache\n"
                      "a-long-name...n-the-pool  inactive  -\n");
    assert_fitted(40, "Service           Current   Notes\n"
                      "web               active    waiting for\n"
                      "                            db and for\n"
                      "                            cache\n"
                      "a-long-...e-pool  inactive\n");
    assert_fitted(20, "Service     Current\n"
                      "web         active\n"
                      "a-lo...ool  inactive\n");
}

static void what_cannot_fit_is_left_as_it_is(void **state UNUSED) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT), plain = BUFFER_INIT(BUFFER_NO_LIMIT);
    fill(&table);
    table_write(&table, &plain);
    for (size_t width = 0; width < 16; width++) {
        buffer_clear(&out);
        table_write_fitted(&table, width, &out);
        assert_string_equal(buffer_text(&out), buffer_text(&plain));
    }
}

static void assert_lines_fit(const char *text, size_t width) {
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        AUTO_BUFFER struct buffer copy = BUFFER_INIT(BUFFER_NO_LIMIT);
        buffer_add(&copy, line, strcspn(line, "\n"));
        if (width_of(buffer_text(&copy)) > width)
            fail_msg("\"%s\" is wider than %zu", buffer_text(&copy), width);
    }
}

static void no_line_is_longer_than_the_terminal(void **state UNUSED) {
    static const char *const locales[] = {"C", "C.UTF-8"};
    for (size_t locale = 0; locale < ARRAY_COUNT(locales); locale++) {
        (void)setenv("LANG", locales[locale], 1);
        for (size_t width = 20; width < 130; width++) {
            AUTO_TABLE struct table table;
            AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
            fill(&table);
            table_add_row(
                &table, (const char *const[]){WIDE WIDE WIDE WIDE WIDE, "enabled", "active", "-", WIDE WIDE WIDE WIDE});
            table_add_row(&table, (const char *const[]){"", "enabled", "active", "-",
                                                        "one-word-that-is-as-long-as-can-be-and-more"});
            table_write_fitted(&table, width, &out);
            assert_lines_fit(buffer_text(&out), width);
        }
    }
    (void)setenv("LANG", "C", 1);
}

static void aligns_by_columns_of_the_terminal(void **state UNUSED) {
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    (void)setenv("LANG", "C.UTF-8", 1);
    table_init_columns(&table, columns, 3);
    table_add_row(&table, (const char *const[]){WIDE WIDE, "enabled", "active"});
    table_add_row(&table, (const char *const[]){"e\xCC\x81", "enabled", "active"});
    table_write_fitted(&table, 80, &out);
    assert_string_equal(buffer_text(&out), "Service   Startup  Current\n" WIDE WIDE "  enabled  active\n"
                                           "e\xCC\x81         enabled  active\n");
    (void)setenv("LANG", "C", 1);
}

static void times_become_short(void **state UNUSED) {
    static const struct table_column times[] = {{"Spawn", TABLE_PLAIN, 1}, {"Summary", TABLE_TEXT, 0}};
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    (void)setenv("TZ", "UTC", 1);
    table_init_columns(&table, times, ARRAY_COUNT(times));
    table_add_time(&table, "2020-02-03T04:05:06Z", true);
    table_add(&table, "absolute, as was asked for");
    table_add_time(&table, "2020-02-03T04:05:06Z", false);
    table_add(&table, "relative");
    table_write_fitted(&table, 40, &out);
    assert_string_equal(buffer_text(&out), "Spawn                 Summary\n"
                                           "2020-02-03T04:05:06Z  absolute, as was\n"
                                           "                      asked for\n"
                                           "2020-02-03            relative\n");
}

static void rows_without_titles(void **state UNUSED) {
    static const struct table_column plain[] = {{NULL, TABLE_PLAIN, 1}, {NULL, TABLE_TEXT, 0}};
    AUTO_TABLE struct table table;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    table_init_columns(&table, plain, ARRAY_COUNT(plain));
    table_add_row(&table, (const char *const[]){"-rw-r--r--", "a-file-with-a-name-without-blanks"});
    table_write_fitted(&table, 30, &out);
    assert_string_equal(buffer_text(&out), "-rw-r--r--  a-file-with-a-name\n"
                                           "            -without-blanks\n");
}

int main(void) {
    (void)unsetenv("LC_ALL");
    (void)unsetenv("LC_CTYPE");
    (void)setenv("LANG", "C", 1);
    (void)setenv("NO_COLOR", "1", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_as_it_is_if_it_fits),
        cmocka_unit_test(text_continues_below_and_names_are_shortened),
        cmocka_unit_test(columns_are_left_out_by_rank),
        cmocka_unit_test(what_cannot_fit_is_left_as_it_is),
        cmocka_unit_test(no_line_is_longer_than_the_terminal),
        cmocka_unit_test(aligns_by_columns_of_the_terminal),
        cmocka_unit_test(times_become_short),
        cmocka_unit_test(rows_without_titles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

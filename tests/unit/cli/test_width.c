// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/compiler.h"
#include "cli/width.h"

#define COMBINING "e\xCC\x81"           // e with an accent of its own
#define WIDE "\xE6\x95\xB0\xE6\x8D\xAE" // two ideographs
#define ROCKET "\xF0\x9F\x9A\x80"

static void set_locale(const char *all, const char *ctype, const char *lang) {
    (void)setenv("LC_ALL", all, 1);
    (void)setenv("LC_CTYPE", ctype, 1);
    (void)setenv("LANG", lang, 1);
}

static void the_environment_selects_utf8(void **state UNUSED) {
    static const struct {
        const char *all, *ctype, *lang;
        bool is_utf8;
    } cases[] = {{"", "", "", true},
                 {"", "", "C.UTF-8", true},
                 {"", "", "de_DE.utf8@euro", true},
                 {"", "", "C", false},
                 {"", "", "POSIX", false},
                 {"", "", "de_DE.ISO-8859-1", false},
                 {"C", "", "C.UTF-8", false},
                 {"", "C", "C.UTF-8", false},
                 {"en_US.UTF-8", "C", "C", true},
                 {"", "en_US.utf8", "C", true},
                 {"", "", "de_DE.UTF-16", false},
                 {"", "", "UTF-8", false}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        set_locale(cases[i].all, cases[i].ctype, cases[i].lang);
        assert_int_equal(width_is_utf8(), cases[i].is_utf8);
    }
    (void)unsetenv("LC_ALL");
    (void)unsetenv("LC_CTYPE");
    (void)unsetenv("LANG");
    assert_true(width_is_utf8());
}

static void counts_columns(void **state UNUSED) {
    assert_int_equal(width_of(""), 0);
    assert_int_equal(width_of("abc"), 3);
    assert_int_equal(width_of("caf\xC3\xA9"), 4);
    assert_int_equal(width_of(COMBINING), 1);
    assert_int_equal(width_of(WIDE), 4);
    assert_int_equal(width_of(ROCKET), 2);
    assert_int_equal(width_of("\xED\x95\x9C"), 2);                         // a syllable of Hangul
    assert_int_equal(width_of("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB"), 2); // the same in parts
    assert_int_equal(width_of("\xEF\xBD\xB1"), 1);                         // half width
    assert_int_equal(width_of("\xFF"), 1);
    assert_int_equal(width_of_character(0x10FFFF), 1);
    assert_int_equal(width_of_character(0x2028), 1);
    assert_int_equal(width_of_character(0x200D), 0);
}

static void cuts_between_characters(void **state UNUSED) {
    size_t used;
    assert_int_equal(width_cut(WIDE, 3, &used), 3);
    assert_int_equal(used, 2);
    assert_int_equal(width_cut(WIDE, 1, &used), 0);
    assert_int_equal(used, 0);
    assert_int_equal(width_cut(COMBINING COMBINING, 1, &used), 3);
    assert_int_equal(width_cut("abc", 9, NULL), 3);
}

static void assert_short(const char *text, size_t columns, bool keeps_end, const char *expected) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    width_add_short(&out, text, columns, keeps_end);
    assert_string_equal(buffer_text(&out), expected);
    assert_true(width_of(buffer_text(&out)) <= columns);
}

static void shortens(void **state UNUSED) {
    set_locale("", "", "C.UTF-8");
    assert_short("abcdef", 6, false, "abcdef");
    assert_short("abcdef", 5, false, "abcd\xE2\x80\xA6");
    assert_short("abcdef", 5, true,
                 "ab\xE2\x80\xA6"
                 "ef");
    assert_short("abcdef", 4, true,
                 "ab\xE2\x80\xA6"
                 "f");
    assert_short("abcdef", 1, true, "a");
    assert_short("abcdef", 0, true, "");
    assert_short(WIDE WIDE, 6, true, "\xE6\x95\xB0\xE2\x80\xA6\xE6\x8D\xAE");
    assert_short("ab" COMBINING COMBINING "yz", 4, true, "ab\xE2\x80\xA6z");
    assert_short("abc" COMBINING, 3, true, "a\xE2\x80\xA6" COMBINING);
    set_locale("", "", "C");
    assert_short("abcdefgh", 6, true, "ab...h");
    assert_short("abcdefgh", 3, true, "abc");
}

static void shows_what_the_terminal_can(void **state UNUSED) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    set_locale("", "", "C.UTF-8");
    width_add_shown(&out, "caf\xC3\xA9\x1b[2J", "");
    assert_string_equal(buffer_text(&out), "caf\xC3\xA9\\x1b[2J");
    set_locale("", "", "C");
    buffer_clear(&out);
    width_add_shown(&out, "caf\xC3\xA9 " ROCKET "\xFF", "");
    assert_string_equal(buffer_text(&out), "caf\\u00e9 \\U0001f680\\xff");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_selects_utf8), cmocka_unit_test(counts_columns),
        cmocka_unit_test(cuts_between_characters),      cmocka_unit_test(shortens),
        cmocka_unit_test(shows_what_the_terminal_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

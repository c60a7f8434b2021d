// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

static void compares(void **state UNUSED) {
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal(NULL, ""));
    assert_false(text_equal("a", NULL));
    assert_true(text_equal("a", "a"));
    assert_false(text_equal("a", "A"));
    assert_true(text_equal_nocase("Content-TYPE", "content-type"));
    assert_false(text_equal_nocase("ab", "abc"));
    assert_false(text_equal_nocase("abc", "ab"));
    assert_false(text_equal_nocase("[", "{"));
    assert_false(text_equal_nocase("\xC4", "\xE4"));
    assert_true(text_equal_nocase(NULL, NULL));
    assert_false(text_equal_nocase(NULL, ""));
}

static void prefixes_and_suffixes(void **state UNUSED) {
    assert_true(text_has_prefix("abc", ""));
    assert_true(text_has_prefix("abc", "abc"));
    assert_false(text_has_prefix("ab", "abc"));
    assert_true(text_has_suffix("abc", "bc"));
    assert_true(text_has_suffix("abc", ""));
    assert_false(text_has_suffix("bc", "abc"));
    assert_true(text_is_empty(NULL));
    assert_true(text_is_empty(""));
    assert_false(text_is_empty(" "));
}

static void reads_signed_numbers(void **state UNUSED) {
    const struct {
        const char *text;
        int64_t min, max, value;
        bool is_good;
    } cases[] = {
        {"0", 0, 10, 0, true},
        {"10", 0, 10, 10, true},
        {"11", 0, 10, 0, false},
        {"007", 0, 10, 7, true},
        {"-1", 0, 10, 0, false},
        {"+1", 0, 10, 0, false},
        {"+1", -5, 10, 1, true},
        {"-5", -5, 10, -5, true},
        {"-6", -5, 10, 0, false},
        {"", 0, 10, 0, false},
        {"-", -5, 10, 0, false},
        {"--1", -5, 10, 0, false},
        {" 1", 0, 10, 0, false},
        {"1 ", 0, 10, 0, false},
        {"1x", 0, 10, 0, false},
        {"9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX, true},
        {"9223372036854775808", INT64_MIN, INT64_MAX, 0, false},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN, true},
        {"-9223372036854775809", INT64_MIN, INT64_MAX, 0, false},
        {"99999999999999999999999", INT64_MIN, INT64_MAX, 0, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        int64_t value = 777;
        assert_int_equal(text_to_int64(cases[i].text, cases[i].min, cases[i].max, &value), cases[i].is_good);
        assert_true(value == (cases[i].is_good ? cases[i].value : 777));
    }
}

static void reads_unsigned_numbers(void **state UNUSED) {
    uint64_t value = 777;
    assert_true(text_to_uint64("18446744073709551615", UINT64_MAX, &value));
    assert_true(value == UINT64_MAX);
    assert_false(text_to_uint64("18446744073709551616", UINT64_MAX, &value));
    assert_true(text_to_uint64("3", 3, &value));
    assert_false(text_to_uint64("4", 3, &value));
    assert_false(text_to_uint64("-1", 3, &value));
    assert_false(text_to_uint64("", 3, &value));
    assert_true(text_to_uint64("0", 0, &value));
    assert_int_equal(value, 0);
}

static void reads_hexadecimal_digits(void **state UNUSED) {
    assert_int_equal(text_hex_digit('0'), 0);
    assert_int_equal(text_hex_digit('9'), 9);
    assert_int_equal(text_hex_digit('a'), 10);
    assert_int_equal(text_hex_digit('F'), 15);
    const char others[] = "/:@G`g\x01\x10\x19\xC1";
    for (size_t i = 0; i < sizeof others; i++) // the NUL too
        assert_int_equal(text_hex_digit(others[i]), -1);
}

static void long_text_is_cut_when_quoted(void **unused UNUSED) {
    AUTO_FREE char *text = memory_new(TEXT_QUOTED_MAX + 2);
    memset(text, '\x7f', TEXT_QUOTED_MAX);
    AUTO_FREE char *whole = text_quoted(text);
    assert_int_equal(strlen(whole), 4 * TEXT_QUOTED_MAX + 2);
    assert_true(text_has_suffix(whole, "\\x7f\\x7f\""));
    text[TEXT_QUOTED_MAX] = 'a';
    AUTO_FREE char *cut = text_quoted(text);
    assert_int_equal(strlen(cut), 4 * TEXT_QUOTED_MAX + 5);
    assert_true(text_has_suffix(cut, "\\x7f\xe2\x80\xa6\""));
}

static void quotes(void **state UNUSED) {
    const struct {
        const char *text, *quoted;
    } cases[] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"a\"b\\c'd", "\"a\\\"b\\\\c'd\""},
        {"\a\b\f\n\r\t\v", "\"\\a\\b\\f\\n\\r\\t\\v\""},
        {"\x01\x1f\x7f", "\"\\x01\\x1f\\x7f\""},
        {"h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "\"h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\""},
        {"\xC2\xA0", "\"\\u00a0\""},
        {"\xC2\xAD", "\"\\u00ad\""},
        {"\xC2\x80", "\"\\u0080\""},
        {"\xE2\x80\xA8", "\"\\u2028\""},
        {"\xEE\x80\x80", "\"\\ue000\""},
        {"\xF3\xA0\x80\x81", "\"\\U000e0001\""},
        {"\xEF\xBF\xBD", "\"\xEF\xBF\xBD\""},
        {"\xFF"
         "a\xC3",
         "\"\\xffa\\xc3\""},
        {"\xED\xA0\x80", "\"\\xed\\xa0\\x80\""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *quoted = text_quoted(cases[i].text);
        assert_string_equal(quoted, cases[i].quoted);
    }
}

static void list_of(struct text_list *list, const char *words) {
    AUTO_FREE char *copy = memory_string(words);
    char *rest = copy;
    for (char *word; (word = strsep(&rest, " ")) != NULL;)
        text_list_add(list, word);
}

static void assert_joined(const struct text_list *list, const char *expected) {
    AUTO_FREE char *joined = text_list_join(list, ",");
    assert_string_equal(joined, expected);
    assert_true(list->items == NULL || list->items[list->count] == NULL);
}

static void shows_foreign_text(void **state UNUSED) {
    static const struct {
        const char *text, *kept, *shown;
    } cases[] = {
        {"plain \"text\" \\ caf\xc3\xa9 \xc2\xa0", "", "plain \"text\" \\ caf\xc3\xa9 \xc2\xa0"},
        {"a\nb\tc\rd", "\n\t", "a\nb\tc\\rd"},
        {"a\nb\tc\rd", "", "a\\nb\\tc\\rd"},
        {"\x1b[31m\x7f\x01", "", "\\x1b[31m\\x7f\\x01"},
        {"\xc2\x9b\xe2\x80\xae\xe2\x80\xa8", "", "\\u009b\\u202e\\u2028"},
        {"\x9b\xff", "", "\\x9b\\xff"},
        {"", "", ""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
        text_add_shown(&out, cases[i].text, cases[i].kept);
        assert_string_equal(buffer_text(&out), cases[i].shown);
    }
}

static void lists_keep_order(void **state UNUSED) {
    AUTO_TEXT_LIST struct text_list list = {0};
    assert_joined(&list, "");
    text_list_sort(&list);
    text_list_unique(&list);
    list_of(&list, "c a b");
    text_list_add_owned(&list, memory_string("d"));
    assert_joined(&list, "c,a,b,d");
    assert_true(text_list_has(&list, "b"));
    assert_false(text_list_has(&list, "x"));
    text_list_add_list(&list, &list);
    assert_joined(&list, "c,a,b,d,c,a,b,d");
    text_list_unique(&list);
    assert_joined(&list, "c,a,b,d");
    text_list_sort(&list);
    assert_joined(&list, "a,b,c,d");
}

static void lists_sort_by_bytes(void **state UNUSED) {
    AUTO_TEXT_LIST struct text_list list = {0};
    list_of(&list, "b \xC3\xA9 B a-b ab a");
    text_list_sort(&list);
    assert_joined(&list, "B,a,a-b,ab,b,\xC3\xA9");
}

static void lists_compare_and_copy(void **state UNUSED) {
    AUTO_TEXT_LIST struct text_list list = {0};
    AUTO_TEXT_LIST struct text_list other = {0};
    assert_true(text_list_equal(&list, &other));
    list_of(&list, "a b");
    list_of(&other, "a");
    assert_false(text_list_equal(&list, &other));
    text_list_add(&other, "c");
    assert_false(text_list_equal(&list, &other));
    text_list_copy(&other, &list);
    assert_true(text_list_equal(&list, &other));
    text_list_copy(&other, &other);
    assert_joined(&other, "a,b");
    text_list_clear(&other);
    assert_int_equal(other.count, 0);
    assert_null(other.items);
}

static void unique_frees_repeats(void **state UNUSED) {
    AUTO_TEXT_LIST struct text_list list = {0};
    for (int i = 0; i < 5000; i++)
        text_list_add_owned(&list, memory_printf("%d", i % 2500));
    text_list_unique(&list);
    assert_int_equal(list.count, 2500);
    assert_string_equal(list.items[2499], "2499");
    assert_null(list.items[2500]);
}

static void white_space(void **state UNUSED) {
    for (const char *c = " \t\n\v\f\r"; *c != '\0'; c++)
        assert_true(text_is_space(*c));
    for (const char *c = "a\b\x0e\x1f\xa0\x85"; *c != '\0'; c++)
        assert_false(text_is_space(*c));
    assert_false(text_is_space('\0'));
}

static void nuls_are_quoted_shown_and_found(void **state UNUSED) {
    AUTO_FREE char *quoted = text_quoted("a" TEXT_NUL "b\xc0");
    assert_string_equal(quoted, "\"a\\x00b\\xc0\"");
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    text_add_shown(&out, "a" TEXT_NUL "b", "");
    assert_string_equal(buffer_text(&out), "a\\x00b");
    assert_true(text_has_nul("a" TEXT_NUL));
    assert_false(text_has_nul("a\xc0 \x80"));
}

static void marks_of_direction_are_shown_escaped(void **state UNUSED) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    text_add_shown(&out, "\u200e\u200f\u061c\u202e\u2066\u206f\ufeff\u2028\u00e9\u200d", "");
    assert_string_equal(buffer_text(&out), "\\u200e\\u200f\\u061c\\u202e\\u2066\\u206f\\ufeff\\u2028\u00e9\u200d");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nuls_are_quoted_shown_and_found),
        cmocka_unit_test(marks_of_direction_are_shown_escaped),
        cmocka_unit_test(white_space),
        cmocka_unit_test(compares),
        cmocka_unit_test(prefixes_and_suffixes),
        cmocka_unit_test(reads_signed_numbers),
        cmocka_unit_test(reads_unsigned_numbers),
        cmocka_unit_test(reads_hexadecimal_digits),
        cmocka_unit_test(quotes),
        cmocka_unit_test(long_text_is_cut_when_quoted),
        cmocka_unit_test(shows_foreign_text),
        cmocka_unit_test(lists_keep_order),
        cmocka_unit_test(lists_sort_by_bytes),
        cmocka_unit_test(lists_compare_and_copy),
        cmocka_unit_test(unique_frees_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

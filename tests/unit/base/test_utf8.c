// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/text.h"

static void decodes_what_is_valid(void **state UNUSED) {
    const struct {
        const char *text;
        uint32_t code_point;
    } cases[] = {
        {"A", 'A'},
        {"\x7F", 0x7F},
        {"\xC2\x80", 0x80},
        {"\xDF\xBF", 0x7FF},
        {"\xE0\xA0\x80", 0x800},
        {"\xED\x9F\xBF", 0xD7FF},
        {"\xEE\x80\x80", 0xE000},
        {"\xEF\xBF\xBD", 0xFFFD},
        {"\xEF\xBF\xBF", 0xFFFF},
        {"\xF0\x90\x80\x80", 0x10000},
        {"\xF4\x8F\xBF\xBF", 0x10FFFF},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint32_t code_point = 0;
        bool is_valid = false;
        size_t length = strlen(cases[i].text);
        assert_int_equal(utf8_decode(cases[i].text, length, &code_point, &is_valid), length);
        assert_true(is_valid);
        assert_int_equal(code_point, cases[i].code_point);
        assert_true(utf8_is_valid(cases[i].text, length));

        AUTO_BUFFER struct buffer out = BUFFER_INIT(10);
        utf8_add_code_point(&out, code_point);
        assert_string_equal(buffer_text(&out), cases[i].text);
    }
}

static void refuses_what_is_not(void **state UNUSED) {
    const char *const cases[] = {
        "\x80",
        "\xBF",
        "\xFF",
        "\xFE",
        "\xF8\x88\x80\x80\x80",
        "\xC0\x80",
        "\xC1\xBF",
        "\xE0\x9F\xBF",
        "\xF0\x8F\xBF\xBF", // longer than needed
        "\xED\xA0\x80",
        "\xED\xBF\xBF", // surrogates
        "\xF4\x90\x80\x80",
        "\xF7\xBF\xBF\xBF", // beyond U+10FFFF
        "\xC3",
        "\xE2\x82",
        "\xF0\x9F\x98", // cut short
        "\xC3(",
        "\xE2(\xA1",
        "\xE2\x82(",
        "\xF0\x9F\x98(",
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint32_t code_point = 0;
        bool is_valid = true;
        assert_int_equal(utf8_decode(cases[i], strlen(cases[i]), &code_point, &is_valid), 1);
        assert_false(is_valid);
        assert_int_equal(code_point, 0xFFFD);
        assert_false(utf8_is_valid(cases[i], strlen(cases[i])));
    }
    assert_true(utf8_is_valid("", 0));
    assert_true(utf8_is_valid("a\0b", 3));
}

static void never_looks_behind_the_length(void **state UNUSED) {
    uint32_t code_point;
    bool is_valid;
    const char euro[] = {(char)0xE2, (char)0x82, (char)0xAC};
    assert_int_equal(utf8_decode(euro, 2, &code_point, &is_valid), 1);
    assert_false(is_valid);
    assert_int_equal(utf8_count(euro, 2), 2);
    assert_int_equal(utf8_count(euro, 3), 1);
}

static void replaces_invalid_bytes(void **state UNUSED) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(100);
    utf8_add_valid(&out, "a\xFF\xC3\xA9\xE2\x82z", 7);
    assert_string_equal(buffer_text(&out), "a\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBDz");
    buffer_clear(&out);
    utf8_add_valid(&out, "plain", 5);
    utf8_add_valid(&out, "", 0);
    assert_string_equal(buffer_text(&out), "plain");
    buffer_clear(&out);
    utf8_add_code_point(&out, 0xD800);
    utf8_add_code_point(&out, 0x110000);
    assert_string_equal(buffer_text(&out), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void replaces_nul(void **state UNUSED) {
    static const struct {
        const char *bytes;
        size_t length;
        const char *expected;
    } cases[] = {
        {"", 0, ""},
        {"plain", 5, "plain"},
        {"plain", 3, "pla"},
        {"\0", 1, "\xEF\xBF\xBD"},
        {"a\0\0b\xFF", 5,
         "a\xEF\xBF\xBD\xEF\xBF\xBD"
         "b\xFF"},
        {"\0a\0", 3,
         "\xEF\xBF\xBD"
         "a\xEF\xBF\xBD"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_BUFFER struct buffer out = BUFFER_INIT(100);
        text_add_without_nul(&out, cases[i].bytes, cases[i].length);
        assert_string_equal(buffer_text(&out), cases[i].expected);
    }
}

static void counts_code_points(void **state UNUSED) {
    const char text[] = "na\xC3\xAFve \xF0\x9F\x98\x80\xFF";
    assert_int_equal(utf8_count(text, strlen(text)), 8);
    assert_int_equal(utf8_count("", 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_what_is_valid),
        cmocka_unit_test(refuses_what_is_not),
        cmocka_unit_test(never_looks_behind_the_length),
        cmocka_unit_test(replaces_invalid_bytes),
        cmocka_unit_test(replaces_nul),
        cmocka_unit_test(counts_code_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/compiler.h"
#include "data/regular_expression.h"

static bool matches(const char *expression, const char *text, size_t length) {
    struct regular_expression *created = NULL;
    AUTO_ERROR struct error err = {0};
    if (!regular_expression_create(expression, &created, &err))
        fail_msg("%s: %s", expression, error_text(&err));
    bool is_match = regular_expression_matches(created, text, length);
    regular_expression_destroy(created);
    return is_match;
}

static void parts_of_a_text_match(void **state UNUSED) {
    static const struct {
        const char *expression, *text;
        bool is_match;
    } cases[] = {
        {"ready", "server is ready.", true},
        {"^ready", "server is ready.", false},
        {"(listening|ready) on [0-9]{1,5}$", "listening on 8080", true},
        {"listening on [0-9]{1,5}$", "listening on port", false},
        {"[]\\1{2}]", "]", true},
        {"[[:digit:]]+ ms", "in 12 ms", true},
        {"a\\.b", "axb", false},
        {"a\\.b", "a.b", true},
        {"", "anything", true},
        {"\xc3\xa4+", "\xc3\xa4", true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(matches(cases[i].expression, cases[i].text, strlen(cases[i].text)), cases[i].is_match);
}

static void only_the_length_counts(void **state UNUSED) {
    assert_false(matches("b", "ab", 1));
    assert_true(matches("b$", "a\0b", 3));
    assert_true(matches("^$", "", 0));
}

static void assert_refused(const char *expression, const char *message) {
    struct regular_expression *created = NULL;
    AUTO_ERROR struct error err = {0};
    assert_false(regular_expression_create(expression, &created, &err));
    assert_string_equal(error_text(&err), message);
    assert_null(created);
}

static void invalid_and_costly_ones_are_refused(void **state UNUSED) {
    char text[REGULAR_EXPRESSION_MAX_BYTES + 2];
    assert_refused("(", "unmatched ( or \\(");
    assert_refused("[a", "unmatched [, [^, [:, [., or [=");
    assert_refused("(a)\\1", "back-references are not supported");
    assert_refused("(((a{1,60}){60}){60})", "too many repetitions");
    assert_refused("a{256}", "more than 255 repetitions");
    assert_refused("a{1,9999999999}", "more than 255 repetitions");
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_refused(text, "longer than 1024 bytes");
    memset(text, '(', 51);
    text[51] = '\0';
    assert_refused(text, "more than 50 levels of parentheses");
    memset(text, '(', 50);
    text[50] = 'a';
    memset(text + 51, ')', 50);
    text[101] = '\0';
    assert_true(matches(text, "a", 1));
    regular_expression_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_a_text_match),
        cmocka_unit_test(only_the_length_counts),
        cmocka_unit_test(invalid_and_costly_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "wire/url.h"

// The pairs, each "name=value" and a line feed, are as expected.
static void check(const char *text, const char *expected) {
    struct url_query query;
    url_query_parse(&query, text, strlen(text));
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < query.count; i++)
        buffer_printf(&out, "%s=%s\n", query.pairs[i].name, query.pairs[i].value);
    assert_string_equal(buffer_text(&out), expected);
    url_query_finish(&query);
}

static void pairs(void **state UNUSED) {
    check("", "");
    check("a=b", "a=b\n");
    check("a", "a=\n");
    check("a=", "a=\n");
    check("=b", "=b\n");
    check("=", "=\n");
    check("a=b=c&d", "a=b=c\nd=\n");
    check("&&a=1&&b=2&", "a=1\nb=2\n");
    check("?a=b", "?a=b\n");
    check("n%61me=a%2bb+c%20d&x+y=%26%3D", "name=a+b c d\nx y=&=\n");
    check("a=1&a=2", "a=1\na=2\n");
}

static void bad_pairs_are_dropped(void **state UNUSED) {
    check("a=%zz&b=1", "b=1\n");
    check("%=1&b=1", "b=1\n");
    check("a=%4&b=1&c=%", "b=1\n");
    check("a=1;b=2&c=3", "c=3\n");
    check(";", "");
}

static void a_nul_does_not_end_a_value(void **state UNUSED) {
    check("a%00b=c%00", "a\xef\xbf\xbd"
                        "b=c\xef\xbf\xbd\n");
    struct url_query query;
    url_query_parse(&query, "a=b\0c&d=e", 9);
    assert_int_equal(query.count, 1);
    assert_string_equal(query.pairs[0].name, "d");
    url_query_finish(&query);
}

static void looks_up(void **state UNUSED) {
    static const char text[] = "a=&names=x&a=2&b&names=y";
    struct url_query query;
    url_query_parse(&query, text, strlen(text));
    assert_string_equal(url_query_first(&query, "a"), "");
    assert_string_equal(url_query_first(&query, "b"), "");
    assert_string_equal(url_query_first(&query, "names"), "x");
    assert_null(url_query_first(&query, "Names"));
    url_query_finish(&query);
}

static void check_list(const char *text, const char *expected) {
    struct url_query query;
    url_query_parse(&query, text, strlen(text));
    AUTO_TEXT_LIST struct text_list values = {0};
    assert_true(url_query_list(&query, "n", 9, &values));
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (size_t i = 0; i < values.count; i++)
        buffer_printf(&out, "<%s>", values.items[i]);
    assert_string_equal(buffer_text(&out), expected);
    url_query_finish(&query);
}

static void lists(void **state UNUSED) {
    check_list("n=a&n=b", "<a><b>");
    check_list("n=a,b&m=c&n=a", "<a><b><a>");
    check_list("n=,a,,", "<a>");
    check_list("n=+a+,%20%09b%0A&n=c d", "<a><b><c d>");
    check_list("n=%20,+", "");
    check_list("n=a%2Cb", "<a><b>");
    check_list("n", "");
    check_list("", "");
}

static void long_lists_are_refused(void **state UNUSED) {
    static const char text[] = "n=a,b&n=c&m=d,e,f,g";
    struct url_query query;
    url_query_parse(&query, text, strlen(text));
    AUTO_TEXT_LIST struct text_list values = {0};
    assert_false(url_query_list(&query, "n", 2, &values));
    assert_int_equal(values.count, 0);
    assert_true(url_query_list(&query, "n", 3, &values));
    assert_int_equal(values.count, 3);
    url_query_finish(&query);
}

static void many_pairs(void **state UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 100001; i++)
        buffer_add_string(&text, "a&");
    struct url_query query;
    url_query_parse(&query, text.data, text.length);
    assert_int_equal(query.count, 100000);
    url_query_finish(&query);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs),
        cmocka_unit_test(bad_pairs_are_dropped),
        cmocka_unit_test(a_nul_does_not_end_a_value),
        cmocka_unit_test(looks_up),
        cmocka_unit_test(lists),
        cmocka_unit_test(long_lists_are_refused),
        cmocka_unit_test(many_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

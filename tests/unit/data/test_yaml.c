// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/memory.h"
#include "data/yaml.h"

static struct yaml_document *parsed(const char *text) {
    struct yaml_document *document = NULL;
    AUTO_ERROR struct error err = {0};
    if (!yaml_parse(text, strlen(text), &yaml_limits_layer, &document, &err))
        fail_msg("%s", error_text(&err));
    return document;
}

static void nodes_know_lines_and_texts(void **state UNUSED) {
    AUTO_YAML struct yaml_document *document = parsed("# first\na: 1\nb:\n  - x\n  -\n   'y'\nc: {d: !!str e}\n");
    const struct yaml_node *root = yaml_root(document);
    assert_int_equal(yaml_kind(root), YAML_MAP);
    assert_int_equal(yaml_count(root), 3);
    assert_int_equal(yaml_line(root), 2);
    assert_null(yaml_text(root));
    assert_int_equal(yaml_line(yaml_key(root, 1)), 3);
    const struct yaml_node *list = yaml_member(root, "b");
    assert_ptr_equal(list, yaml_value(root, 1));
    assert_int_equal(yaml_kind(list), YAML_SEQUENCE);
    assert_int_equal(yaml_count(list), 2);
    assert_int_equal(yaml_line(yaml_item(list, 1)), 6);
    assert_string_equal(yaml_text(yaml_item(list, 1)), "y");
    assert_int_equal(yaml_text_length(yaml_item(list, 1)), 1);
    assert_null(yaml_member(root, "d"));
    assert_null(yaml_member(list, "d"));
    assert_int_equal(yaml_count(yaml_item(list, 0)), 0);
}

static void expect_description(const char *text, const char *expected) {
    AUTO_YAML struct yaml_document *document = parsed(text);
    AUTO_FREE char *description = yaml_describe(yaml_root(document));
    assert_string_equal(description, expected);
}

static void descriptions_are_short(void **state UNUSED) {
    expect_description("abc", "!!str `abc`");
    expect_description("0123456789", "!!float `0123456789`");
    expect_description("x0123456789", "!!str `x012345...`");
    expect_description("abcdefü-jkl", "!!str `abcdef...`");
    expect_description("12", "!!int `12`");
    expect_description("~", "!!null `~`");
    expect_description("!mine x", "!mine `x`");
    expect_description("[a]", "!!seq");
    expect_description("{a: b}", "!!map");
    expect_description("!!set {a}", "!!set");
}

// The value of each kind of number, or "-" where there is none.
static void expect_number(const char *text, bool has_int, int64_t integer) {
    AUTO_YAML struct yaml_document *document = parsed(text);
    int64_t value = 77;
    assert_int_equal(yaml_int64(yaml_root(document), &value), has_int);
    assert_int_equal(value, has_int ? integer : 77);
}

static void numbers(void **state UNUSED) {
    expect_number("12", true, 12);
    expect_number("0x1F", true, 31);
    expect_number("!!int '12'", true, 12);
    expect_number("2.9", true, 2);
    expect_number("-2.9", true, -2);
    expect_number("1e3", true, 1000);
    expect_number("!!float 3", true, 3);
    expect_number("18446744073709551615", false, 0);
    expect_number("9223372036854775808.0", false, 0);
    expect_number("1e300", false, 0);
    expect_number("-1e300", false, 0);
    expect_number(".nan", false, 0);
    expect_number(".inf", false, 0);
    expect_number("'12'", false, 0);
    expect_number("abc", false, 0);
    expect_number("true", false, 0);
    expect_number("[1]", false, 0);
    expect_number("2020-01-02", false, 0);
}

static int rest_of(const char *text) {
    AUTO_YAML struct yaml_document *document = parsed(text);
    return yaml_rest_line(document);
}

static void further_documents_are_found(void **state UNUSED) {
    assert_int_equal(rest_of(""), 0);
    assert_int_equal(rest_of("---\na: 1\n...\n# end\n"), 0);
    assert_int_equal(rest_of("a: 1\n---\n---\n"), 0);
    assert_int_equal(rest_of("a: 1\n---\nb: 1\n"), 3);
    assert_int_equal(rest_of("---\n---\n- b\n"), 3);
    assert_int_equal(rest_of("a: 1\n---\n---\n\nword\n"), 5);
    assert_int_equal(rest_of("a: 1\n---\n\t[\n"), 3); // no YAML
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_know_lines_and_texts),
        cmocka_unit_test(descriptions_are_short),
        cmocka_unit_test(numbers),
        cmocka_unit_test(further_documents_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

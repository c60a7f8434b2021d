// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/memory.h"
#include "charm/values_internal.h"
#include "client/errors.h"
#include "with_tools.h"

static struct pebble_charm_values *values_of(const char *text, const char *key) {
    struct pebble_charm_values *values = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    if (!charm_values_create("tool", text, key, &values, &error))
        fail_msg("%s", error.message);
    return values;
}

static void values_have_types(void **state UNUSED) {
    static const char text[] = "{\"s\":\"x\\u0000y\",\"i\":-5,\"n\":1.5,\"b\":true,\"z\":null,\"o\":[1]}\n";
    struct pebble_charm_values *values = values_of(text, NULL);
    int64_t integer = 0;
    double number = 0;
    bool boolean = false;
    assert_int_equal(pebble_charm_values_type(values, "s"), PEBBLE_CHARM_VALUE_STRING);
    assert_int_equal(pebble_charm_values_type(values, "i"), PEBBLE_CHARM_VALUE_INTEGER);
    assert_int_equal(pebble_charm_values_type(values, "n"), PEBBLE_CHARM_VALUE_NUMBER);
    assert_int_equal(pebble_charm_values_type(values, "b"), PEBBLE_CHARM_VALUE_BOOLEAN);
    assert_int_equal(pebble_charm_values_type(values, "z"), PEBBLE_CHARM_VALUE_UNSET);
    assert_int_equal(pebble_charm_values_type(values, "o"), PEBBLE_CHARM_VALUE_OTHER);
    assert_int_equal(pebble_charm_values_type(values, "S"), PEBBLE_CHARM_VALUE_UNSET);
    assert_string_equal(pebble_charm_values_string(values, "s"), "x\xEF\xBF\xBDy");
    assert_true(pebble_charm_values_integer(values, "i", &integer));
    assert_int_equal(integer, -5);
    assert_true(pebble_charm_values_number(values, "n", &number));
    assert_true(number > 1.4 && number < 1.6);
    assert_true(pebble_charm_values_number(values, "i", &number));
    assert_true(number < -4.9 && number > -5.1);
    assert_true(pebble_charm_values_boolean(values, "b", &boolean));
    assert_true(boolean);
    assert_int_equal(pebble_charm_values_count(values), 6);
    assert_string_equal(pebble_charm_values_key_at(values, 1), "i");
    assert_null(pebble_charm_values_key_at(values, 6));
    pebble_charm_values_destroy(values);
}

static void other_types_leave_the_output(void **state UNUSED) {
    struct pebble_charm_values *values = values_of("{\"s\":\"5\",\"b\":false}", NULL);
    int64_t integer = 7;
    double number = 7;
    bool boolean = true;
    assert_null(pebble_charm_values_string(values, "b"));
    assert_null(pebble_charm_values_string(values, "x"));
    assert_false(pebble_charm_values_integer(values, "s", &integer));
    assert_false(pebble_charm_values_integer(values, "x", &integer));
    assert_false(pebble_charm_values_number(values, "s", &number));
    assert_false(pebble_charm_values_number(values, "x", &number));
    assert_false(pebble_charm_values_boolean(values, "s", &boolean));
    assert_false(pebble_charm_values_boolean(values, "x", &boolean));
    assert_true(integer == 7 && number > 6 && boolean);
    assert_string_equal(pebble_charm_values_json(values), "{\"s\":\"5\",\"b\":false}");
    pebble_charm_values_destroy(values);
    pebble_charm_values_destroy(NULL);
}

static void null_is_empty(void **state UNUSED) {
    struct pebble_charm_values *values = values_of("null\n", NULL);
    assert_int_equal(pebble_charm_values_count(values), 0);
    assert_string_equal(pebble_charm_values_json(values), "{}");
    pebble_charm_values_destroy(values);
    values = values_of("null", "k");
    assert_int_equal(pebble_charm_values_count(values), 0);
    pebble_charm_values_destroy(values);
}

static void one_value_has_its_key(void **state UNUSED) {
    struct pebble_charm_values *values = values_of("{\"a\":1}", "k");
    assert_int_equal(pebble_charm_values_type(values, "k"), PEBBLE_CHARM_VALUE_OTHER);
    assert_string_equal(pebble_charm_values_json(values), "{\"k\":{\"a\":1}}");
    pebble_charm_values_destroy(values);
}

static void assert_refused(const char *text, const char *key, enum pebble_error_kind kind, const char *message) {
    struct pebble_charm_values *values = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_false(charm_values_create("tool", text, key, &values, &error));
    assert_null(values);
    assert_int_equal(error.kind, kind);
    assert_string_equal(error.message, message);
}

static void other_text_is_refused(void **state UNUSED) {
    assert_refused("", NULL, PEBBLE_ERROR_PROTOCOL, "cannot read output of tool: EOF");
    assert_refused("[]", NULL, PEBBLE_ERROR_PROTOCOL, "cannot read output of tool: not an object");
}

static void keys_are_checked(void **state UNUSED) {
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_true(charm_check_key("option", "a", &error));
    assert_false(charm_check_key("option", "\xFF", &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    assert_string_equal(error.message, "cannot use option \"\\xff\": empty or not UTF-8");
    assert_false(charm_check_key("option", "", NULL));
    assert_false(charm_check_key("option", NULL, NULL));
}

static void the_text_keeps_its_digits(void **state UNUSED) {
    struct pebble_charm_values *values = values_of(" {\"n\": 18446744073709551616, \"s\": \"\xFF\"} \n", NULL);
    assert_int_equal(pebble_charm_values_type(values, "n"), PEBBLE_CHARM_VALUE_NUMBER);
    assert_string_equal(pebble_charm_values_json(values), " {\"n\": 18446744073709551616, \"s\": \"\xEF\xBF\xBD\"}");
    pebble_charm_values_destroy(values);
    values = values_of("18446744073709551616\n", "k");
    assert_string_equal(pebble_charm_values_json(values), "{\"k\":18446744073709551616}");
    pebble_charm_values_destroy(values);
}

static void the_tool_is_run(void **state UNUSED) {
    static const char *const words[] = {"tool"};
    const struct charm_tool tool = CHARM_TOOL(words);
    struct pebble_charm_values *values = NULL;
    struct with_tools with;
    with_tools_begin(&with, NULL);
    assert_false(charm_values_get(with.charm, &tool, NULL, &values, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_TOOL);
    with_tools_record(&with, "tool", "{\"a\": 1}");
    assert_true(charm_values_get(with.charm, &tool, NULL, &values, &with.error));
    assert_int_equal(pebble_charm_values_count(values), 1);
    pebble_charm_values_destroy(values);
    with_tools_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_types),     cmocka_unit_test(other_types_leave_the_output),
        cmocka_unit_test(null_is_empty),         cmocka_unit_test(one_value_has_its_key),
        cmocka_unit_test(other_text_is_refused), cmocka_unit_test(the_tool_is_run),
        cmocka_unit_test(keys_are_checked),      cmocka_unit_test(the_text_keeps_its_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

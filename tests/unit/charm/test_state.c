// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "with_tools.h"

#define VALUE_MAX_BYTES ((size_t)1048576)

static void the_state_is_read(void **state UNUSED) {
    struct with_tools with;
    struct pebble_charm_values *values = NULL;
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "state-get", "{\"a\": \"1\"}");
    assert_true(pebble_charm_get_state(with.charm, &values, &with.error));
    assert_string_equal(pebble_charm_values_string(values, "a"), "1");
    pebble_charm_values_destroy(values);
    with_tools_assert_words(&with, "<--format=json>\n");
    with_tools_end(&with);
}

static void one_value_is_read(void **state UNUSED) {
    struct with_tools with;
    char *value = NULL;
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "state-get", "\"1\"");
    assert_true(pebble_charm_get_state_value(with.charm, "-a", &value, &with.error));
    assert_string_equal(value, "1");
    pebble_free(value);
    with_tools_assert_words(&with, "<--format=json>\n<-->\n<-a>\n");
    with_tools_script(&with, "state-get", "echo '\"\"'\n");
    assert_true(pebble_charm_get_state_value(with.charm, "a", &value, &with.error));
    assert_string_equal(value, "");
    pebble_free(value);
    with_tools_script(&with, "state-get", "echo '\"\"'\ntest \"$1\" != --strict\n");
    assert_true(pebble_charm_get_state_value(with.charm, "a", &value, &with.error));
    assert_null(value);
    with_tools_script(&with, "state-get", "echo '\"\"'\ntest \"$1\" != --strict || exit 2\n");
    assert_false(pebble_charm_get_state_value(with.charm, "a", &value, &with.error)); // for another reason
    with_tools_assert_error(&with, PEBBLE_ERROR_TOOL, "cannot run state-get: exit code 2");
    pebble_error_clear(&with.error);
    with_tools_script(&with, "state-get", "echo 1\n");
    assert_false(pebble_charm_get_state_value(with.charm, "a", &value, &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "cannot read output of state-get: not a string");
    assert_false(pebble_charm_get_state_value(with.charm, "\xFF", &value, NULL));
    with_tools_end(&with);
}

// Juju keeps 2 MiB, of which a byte may be six of the output.
static void a_full_state_is_read(void **state UNUSED) {
    struct with_tools with;
    struct pebble_charm_values *values = NULL;
    with_tools_begin(&with, NULL);
    with_tools_script(&with, "state-get",
                      "printf '{\"a\":\"'\nhead -c 2097000 /dev/zero | sed 's/\\x00/\\\\u003c/g'\nprintf '\"}'\n");
    assert_true(pebble_charm_get_state(with.charm, &values, &with.error));
    assert_int_equal(strlen(pebble_charm_values_string(values, "a")), 2097000);
    pebble_charm_values_destroy(values);
    with_tools_end(&with);
}

static void the_state_is_set_on_standard_input(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "state-set", "");
    assert_true(pebble_charm_set_state(with.charm, "-a=b",
                                       "x: \"y\"\n\\\x7F \xC2\x85 \xE2\x80\xA8 \xEF\xBB\xBF \xC3\xA4", &with.error));
    with_tools_assert_words(&with, "<--file>\n<->\n");
    with_tools_assert_file(
        &with, "input", "{\"-a=b\": \"x: \\u0022y\\u0022\\u000a\\u005c\\u007f \\u0085 \\u2028 \\ufeff \xC3\xA4\"}\n");
    with_tools_end(&with);
}

static void large_values_are_set(void **state UNUSED) {
    struct with_tools with;
    char *value = memory_new(VALUE_MAX_BYTES + 2);
    memset(value, 'x', VALUE_MAX_BYTES + 1);
    with_tools_begin(&with, NULL);
    with_tools_script(&with, "state-set", "test $(wc -c) = 1048586\n");
    assert_false(pebble_charm_set_state(with.charm, "k", value, &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot set state: more than 1048576 bytes");
    assert_false(pebble_charm_set_state(with.charm, value, "", &with.error));
    value[VALUE_MAX_BYTES] = '\0';
    assert_true(pebble_charm_set_state(with.charm, "k", value, &with.error));
    free(value);
    with_tools_end(&with);
}

static void what_is_not_text_is_refused(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    assert_false(pebble_charm_set_state(with.charm, "", "x", &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use key of the state \"\": empty or not UTF-8");
    assert_false(pebble_charm_set_state(with.charm, "\xFF", "x", NULL));
    assert_false(pebble_charm_set_state(with.charm, "x", "\xFF", NULL));
    with_tools_end(&with);
}

static void a_key_is_deleted(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "state-delete", "");
    assert_true(pebble_charm_delete_state(with.charm, "-a", &with.error));
    with_tools_assert_words(&with, "<-->\n<-a>\n");
    assert_false(pebble_charm_delete_state(with.charm, "", &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use key of the state \"\": empty or not UTF-8");
    with_tools_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_state_is_read),    cmocka_unit_test(the_state_is_set_on_standard_input),
        cmocka_unit_test(large_values_are_set), cmocka_unit_test(what_is_not_text_is_refused),
        cmocka_unit_test(a_key_is_deleted),     cmocka_unit_test(one_value_is_read),
        cmocka_unit_test(a_full_state_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

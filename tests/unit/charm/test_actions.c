// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "with_tools.h"

static void parameters_are_read(void **state UNUSED) {
    struct with_tools with;
    struct pebble_charm_values *values = NULL;
    int64_t count = 0;
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "action-get", "{\"count\": 3}");
    assert_true(pebble_charm_get_action_parameters(with.charm, &values, &with.error));
    assert_true(pebble_charm_values_integer(values, "count", &count));
    assert_int_equal(count, 3);
    pebble_charm_values_destroy(values);
    with_tools_assert_words(&with, "<--format=json>\n");
    with_tools_end(&with);
}

static void results_are_set(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "action-set", "");
    assert_true(pebble_charm_set_action_result(with.charm, "a-b.c1-stdout", "-x=y", &with.error));
    with_tools_assert_words(&with, "<-->\n<a-b.c1-stdout=-x=y>\n");
    with_tools_end(&with);
}

static void other_keys_are_refused(void **state UNUSED) {
    static const char *const keys[] = {
        "",   "A", "a=b", "-a", "a-", ".a", "a.", "a..b", "a.-b", "a-.b", "stdout", "a.stderr", "stderr-encoding.x",
        "a b"};
    struct with_tools with;
    with_tools_begin(&with, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        assert_false(pebble_charm_set_action_result(with.charm, keys[i], "x", &with.error));
        assert_int_equal(with.error.kind, PEBBLE_ERROR_ARGUMENT);
    }
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use key \"a b\" of a result");
    with_tools_end(&with);
}

static void an_action_fails_and_logs(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "action-fail", "");
    with_tools_record(&with, "action-log", "");
    assert_true(pebble_charm_fail_action(with.charm, "-no", &with.error));
    with_tools_assert_words(&with, "<-->\n<-no>\n");
    assert_true(pebble_charm_log_action(with.charm, "--yes", &with.error));
    with_tools_assert_words(&with, "<-->\n<--yes>\n");
    with_tools_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_read),
        cmocka_unit_test(results_are_set),
        cmocka_unit_test(other_keys_are_refused),
        cmocka_unit_test(an_action_fails_and_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "with_tools.h"

static void the_status_is_set(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "status-set", "");
    assert_true(pebble_charm_set_status(with.charm, PEBBLE_CHARM_STATUS_ACTIVE, "", &with.error));
    with_tools_assert_words(&with, "<-->\n<active>\n<>\n");
    assert_true(pebble_charm_set_status(with.charm, PEBBLE_CHARM_STATUS_BLOCKED, "-x", &with.error));
    with_tools_assert_words(&with, "<-->\n<blocked>\n<-x>\n");
    assert_true(pebble_charm_set_app_status(with.charm, PEBBLE_CHARM_STATUS_WAITING, "x", &with.error));
    with_tools_assert_words(&with, "<--application>\n<-->\n<waiting>\n<x>\n");
    with_tools_end(&with);
}

static void other_statuses_are_refused(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    assert_false(pebble_charm_set_status(with.charm, PEBBLE_CHARM_STATUS_UNKNOWN, "", &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot set status 0");
    assert_false(pebble_charm_set_app_status(with.charm, (enum pebble_charm_status)5, "", &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot set status 5");
    with_tools_end(&with);
}

static void assert_status(struct with_tools *with, const char *output, enum pebble_charm_status expected,
                          const char *expected_message) {
    enum pebble_charm_status status = PEBBLE_CHARM_STATUS_UNKNOWN;
    AUTO_FREE char *message = NULL;
    with_tools_record(with, "status-get", output);
    assert_true(pebble_charm_get_status(with->charm, &status, &message, &with->error));
    assert_int_equal(status, expected);
    assert_string_equal(message, expected_message);
    with_tools_assert_words(with, "<--include-data>\n<--format=json>\n");
}

static void the_status_is_read(void **state UNUSED) {
    struct with_tools with;
    enum pebble_charm_status status = PEBBLE_CHARM_STATUS_UNKNOWN;
    with_tools_begin(&with, NULL);
    assert_status(&with, "{\"message\":\"m\",\"status\":\"blocked\",\"status-data\":{}}", PEBBLE_CHARM_STATUS_BLOCKED,
                  "m");
    assert_status(&with, "{\"status\":\"maintenance\"}", PEBBLE_CHARM_STATUS_MAINTENANCE, "");
    assert_status(&with, "{\"status\":\"terminated\"}", PEBBLE_CHARM_STATUS_UNKNOWN, "");
    assert_true(pebble_charm_get_status(with.charm, &status, NULL, &with.error));
    with_tools_end(&with);
}

static void a_status_that_is_none_is_refused(void **state UNUSED) {
    struct with_tools with;
    enum pebble_charm_status status = PEBBLE_CHARM_STATUS_ACTIVE;
    with_tools_begin(&with, NULL);
    assert_false(pebble_charm_get_status(with.charm, &status, NULL, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_TOOL);
    with_tools_record(&with, "status-get", "[]");
    assert_false(pebble_charm_get_status(with.charm, &status, NULL, &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "cannot read output of status-get: no status");
    with_tools_record(&with, "status-get", "{");
    assert_false(pebble_charm_get_status(with.charm, &status, NULL, &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "cannot read output of status-get: unexpected EOF");
    assert_int_equal(status, PEBBLE_CHARM_STATUS_ACTIVE);
    with_tools_end(&with);
}

static void lines_are_logged(void **state UNUSED) {
    struct with_tools with;
    with_tools_begin(&with, NULL);
    with_tools_record(&with, "juju-log", "");
    assert_true(pebble_charm_log(with.charm, PEBBLE_CHARM_LOG_TRACE, "-m", &with.error));
    with_tools_assert_words(&with, "<-l>\n<TRACE>\n<-->\n<-m>\n");
    assert_true(pebble_charm_log(with.charm, PEBBLE_CHARM_LOG_WARNING, "", &with.error));
    with_tools_assert_words(&with, "<-l>\n<WARNING>\n<-->\n<>\n");
    assert_false(pebble_charm_log(with.charm, (enum pebble_charm_log_level)5, "", &with.error));
    with_tools_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use log level 5");
    with_tools_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_status_is_set),  cmocka_unit_test(other_statuses_are_refused),
        cmocka_unit_test(the_status_is_read), cmocka_unit_test(a_status_that_is_none_is_refused),
        cmocka_unit_test(lines_are_logged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

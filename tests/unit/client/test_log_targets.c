// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "with_daemon.h"

static void targets_are_read(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result =
             "[{\"name\":\"a\",\"type\":\"loki\",\"location\":\"http://h\",\"pending\":1,\"sent\":2,\"dropped\":3,"
             "\"last-error\":\"gone\",\"retry-at\":\"1970-01-01T01:00:01+01:00\"},{\"name\":\"b\"}]"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    struct pebble_log_targets *targets = NULL;
    const char *text = NULL;
    assert_true(pebble_get_log_targets(with.client, &targets, &with.error));
    assert_int_equal(pebble_log_targets_count(targets), 2);
    const struct pebble_log_target *target = pebble_log_targets_at(targets, 0);
    assert_string_equal(pebble_log_target_name(target), "a");
    assert_string_equal(pebble_log_target_type(target), "loki");
    assert_string_equal(pebble_log_target_location(target), "http://h");
    assert_int_equal(pebble_log_target_pending(target), 1);
    assert_int_equal(pebble_log_target_sent(target), 2);
    assert_int_equal(pebble_log_target_dropped(target), 3);
    assert_string_equal(pebble_log_target_last_error(target), "gone");
    assert_int_equal(pebble_log_target_retry_at_ns(target, &text), 1000000000);
    assert_string_equal(text, "1970-01-01T01:00:01+01:00");
    target = pebble_log_targets_at(targets, 1);
    assert_null(pebble_log_target_last_error(target));
    assert_int_equal(pebble_log_target_retry_at_ns(target, &text), 0);
    assert_null(text);
    assert_null(pebble_log_targets_at(targets, 2));
    pebble_log_targets_destroy(targets);
    pebble_log_targets_destroy(NULL);
    with_daemon_assert_request(&with, 0, "1 GET /v1/log-targets HTTP/1.1", "");
    with_daemon_end(&with);
}

static void wrong_forms_are_refused(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[{\"name\":\"a\"},{\"pending\":\"x\"}]"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    struct pebble_log_targets *targets = NULL;
    assert_false(pebble_get_log_targets(with.client, &targets, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    assert_null(targets);
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_read),
        cmocka_unit_test(wrong_forms_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "with_daemon.h"

static void metrics_are_text(void **state UNUSED) {
    const struct fake_response script[] = {
        {.json = "# HELP a\na 1\n"},
        {.json = ""},
        {.json = "{\"type\":\"error\",\"status-code\":401,\"result\":{\"message\":\"no\"}}", .status = 401},
        {.json = "gone\n", .status = 502},
        {.json = "{\"type\":\"sync\",\"result\":1}", .status = 404}};
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    struct pebble_metrics *metrics = NULL;
    size_t length = 0;
    assert_true(pebble_get_metrics(with.client, &metrics, &with.error));
    assert_string_equal(pebble_metrics_text(metrics, &length), "# HELP a\na 1\n");
    assert_int_equal(length, 13);
    pebble_metrics_destroy(metrics);
    assert_true(pebble_get_metrics(with.client, &metrics, &with.error));
    assert_string_equal(pebble_metrics_text(metrics, NULL), "");
    pebble_metrics_destroy(metrics);
    pebble_metrics_destroy(NULL);
    metrics = NULL;
    assert_false(pebble_get_metrics(with.client, &metrics, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_API, "no");
    assert_int_equal(with.error.status, 401);
    assert_false(pebble_get_metrics(with.client, &metrics, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    assert_false(pebble_get_metrics(with.client, &metrics, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "expected text, got \"sync\" response");
    assert_null(metrics);
    with_daemon_assert_request(&with, 0, "1 GET /v1/metrics HTTP/1.1", "");
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(metrics_are_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "with_daemon.h"

static void pairing_is_enabled(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "{\"expires\":\"1970-01-01T00:00:02Z\"}"},
                                           {.result = "{}"},
                                           {.result = "{\"expires\":1}"},
                                           {.result = "null"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    int64_t expires_ns = 0;
    assert_true(pebble_enable_pairing(with.client, 90000000000, &expires_ns, &with.error));
    assert_int_equal(expires_ns, 2000000000);
    assert_true(pebble_enable_pairing(with.client, 0, NULL, &with.error));
    assert_false(pebble_enable_pairing(with.client, 0, &expires_ns, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    assert_false(pebble_enable_pairing(with.client, -1, &expires_ns, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot enable pairing: invalid timeout -1ns");
    assert_true(pebble_pair(with.client, &with.error));
    with_daemon_assert_request(&with, 0, "1 POST /v1/pairing HTTP/1.1",
                               "{\"action\":\"enable\",\"timeout\":\"1m30s\"}");
    with_daemon_assert_request(&with, 1, "1 POST /v1/pairing HTTP/1.1", "{\"action\":\"enable\"}");
    with_daemon_assert_request(&with, 3, "1 POST /v1/pairing HTTP/1.1", "{\"action\":\"pair\"}");
    with_daemon_end(&with);
}

static void failures_are_those_of_the_daemon(void **state UNUSED) {
    static const char failure[] = "{\"type\":\"error\",\"status-code\":401,\"result\":{\"message\":\"no\"}}";
    const struct fake_response script[] = {{.json = failure, .status = 401}, {.json = failure, .status = 401}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    assert_false(pebble_pair(with.client, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_API, "no");
    assert_false(pebble_enable_pairing(with.client, 0, NULL, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_API, "no");
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairing_is_enabled),
        cmocka_unit_test(failures_are_those_of_the_daemon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

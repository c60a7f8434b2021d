// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "with_daemon.h"

static void info_is_read(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "{\"version\":\"v1\",\"boot-id\":\"b\",\"http-address\":\":80\"}"},
        {.result = "{\"version\":1}"},
        {.result = "null"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct pebble_system_info *info = NULL;
    assert_true(pebble_get_system_info(with.client, &info, &with.error));
    assert_string_equal(pebble_system_info_version(info), "v1");
    assert_string_equal(pebble_system_info_boot_id(info), "b");
    assert_string_equal(pebble_system_info_http_address(info), ":80");
    assert_null(pebble_system_info_https_address(info));
    pebble_system_info_destroy(info);
    pebble_system_info_destroy(NULL);
    assert_false(pebble_get_system_info(with.client, &info, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal: \"version\" is not a string");
    assert_false(pebble_get_system_info(with.client, &info, &with.error));
    with_daemon_assert_request(&with, 0, "1 GET /v1/system-info HTTP/1.1", "");
    with_daemon_end(&with);
}

static void health_is_read(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "{\"healthy\":true}"},
        {.result = "{\"healthy\":false}", .status = 502},
        {.result = "{\"healthy\":1}"},
        {.json = "{\"type\":\"error\",\"status-code\":400,\"result\":{\"message\":\"level must be right\"}}",
         .status = 400},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 4);
    bool healthy = false;
    assert_true(pebble_get_health(with.client, NULL, NULL, 0, &healthy, &with.error));
    assert_true(healthy);
    const char *names[] = {"a", "b"};
    assert_true(pebble_get_health(with.client, "alive", names, 2, &healthy, &with.error));
    assert_false(healthy);
    assert_false(pebble_get_health(with.client, NULL, NULL, 0, &healthy, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    assert_false(pebble_get_health(with.client, "x", NULL, 0, &healthy, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_API, "level must be right");
    with_daemon_assert_request(&with, 0, "1 GET /v1/health HTTP/1.1", "");
    with_daemon_assert_request(&with, 1, "1 GET /v1/health?level=alive&names=a&names=b HTTP/1.1", "");
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(info_is_read),
        cmocka_unit_test(health_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

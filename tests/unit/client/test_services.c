// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "with_daemon.h"

static void services_are_read(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "[{\"name\":\"a\",\"startup\":\"enabled\",\"current\":\"active\","
                   "\"current-since\":\"1970-01-01T00:00:02Z\"},"
                   "{\"name\":\"b\",\"startup\":\"disabled\",\"current\":\"inactive\",\"new\":{}}]"},
        {.result = "[]"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    struct pebble_services *services = NULL;
    const char *since = "x";
    assert_true(pebble_get_services(with.client, NULL, 0, &services, &with.error));
    assert_int_equal(pebble_services_count(services), 2);
    const struct pebble_service *service = pebble_services_at(services, 0);
    assert_string_equal(pebble_service_name(service), "a");
    assert_string_equal(pebble_service_startup(service), "enabled");
    assert_string_equal(pebble_service_current(service), "active");
    assert_int_equal(pebble_service_current_since_ns(service, &since), 2000000000);
    assert_string_equal(since, "1970-01-01T00:00:02Z");
    service = pebble_services_at(services, 1);
    assert_string_equal(pebble_service_name(service), "b");
    assert_int_equal(pebble_service_current_since_ns(service, &since), 0);
    assert_null(since);
    assert_int_equal(pebble_service_current_since_ns(service, NULL), 0);
    assert_null(pebble_services_at(services, 2));
    pebble_services_destroy(services);
    pebble_services_destroy(NULL);
    const char *names[] = {"a", "x y"};
    assert_true(pebble_get_services(with.client, names, 2, &services, &with.error));
    assert_int_equal(pebble_services_count(services), 0);
    pebble_services_destroy(services);
    with_daemon_assert_request(&with, 0, "1 GET /v1/services?names= HTTP/1.1", "");
    with_daemon_assert_request(&with, 1, "1 GET /v1/services?names=a%2Cx+y HTTP/1.1", "");
    with_daemon_end(&with);
}

static void services_of_the_wrong_form_are_refused(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "{}"},
        {.result = "[{\"name\":\"a\"},{\"name\":3}]"},
        {.result = "[{\"name\":\"a\"},null]"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct pebble_services *services = NULL;
    assert_false(pebble_get_services(with.client, NULL, 0, &services, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal: not a list where one is due");
    assert_false(pebble_get_services(with.client, NULL, 0, &services, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal: \"name\" is not a string");
    assert_false(pebble_get_services(with.client, NULL, 0, &services, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal: not an object where one is due");
    with_daemon_end(&with);
}

static void actions_give_the_change(void **state UNUSED) {
    const struct fake_response script[] = {
        {.json = "{\"type\":\"async\",\"status-code\":202,\"change\":\"5\"}", .status = 202},
        {.json = "{\"type\":\"async\",\"status-code\":202,\"change\":\"6\"}", .status = 202},
        {.json = "{\"type\":\"error\",\"status-code\":400,\"result\":{\"message\":\"no default services\","
                 "\"kind\":\"no-default-services\"}}",
         .status = 400},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    const char *names[] = {"a", "\"b\""};
    AUTO_FREE char *change = NULL;
    assert_true(pebble_control_services(with.client, "start", names, 2, &change, &with.error));
    assert_string_equal(change, "5");
    assert_true(pebble_control_services(with.client, "replan", NULL, 0, NULL, &with.error));
    assert_false(pebble_control_services(with.client, "autostart", NULL, 0, &change, &with.error));
    assert_string_equal(with.error.api_kind, "no-default-services");
    assert_string_equal(change, "5");
    with_daemon_assert_request(&with, 0, "1 POST /v1/services HTTP/1.1",
                               "{\"action\":\"start\",\"services\":[\"a\",\"\\\"b\\\"\"]}");
    with_daemon_assert_request(&with, 1, "1 POST /v1/services HTTP/1.1", "{\"action\":\"replan\",\"services\":[]}");
    with_daemon_end(&with);
}

static void signals_are_sent(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "true"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    assert_true(pebble_send_signal(with.client, "SIGHUP", &(const char *){"a"}, 1, &with.error));
    with_daemon_assert_request(&with, 0, "1 POST /v1/signals HTTP/1.1", "{\"signal\":\"SIGHUP\",\"services\":[\"a\"]}");
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_are_read),
        cmocka_unit_test(services_of_the_wrong_form_are_refused),
        cmocka_unit_test(actions_give_the_change),
        cmocka_unit_test(signals_are_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

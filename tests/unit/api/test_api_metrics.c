// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include "api/metrics_internal.h"

static void nothing_counted_is_an_empty_body(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture_add_layer(&fixture, "services:\n  never: {override: replace, command: sleep 1000}\n");
    AUTO_FREE char *response = fixture_ask(&fixture, "GET", "/v1/metrics", "");
    assert_non_null(strstr(response, "HTTP/1.1 200 "));
    assert_non_null(strstr(response, "text/plain; charset=utf-8"));
    assert_non_null(strstr(response, "Content-Length: 0\r\n"));
    fixture_end(&fixture);
}

static void started_services_are_counted(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture_add_layer(&fixture, "services:\n"
                                "  one: {override: replace, command: no-such-program-anywhere}\n"
                                "  never: {override: replace, command: sleep 1000}\n");
    assert_response(&fixture, "POST /v1/services", "{\"action\":\"start\",\"services\":[\"one\"]}", 202, "");
    assert_response(&fixture, "GET /v1/changes/1/wait", "", 200, "\"status\":\"Error\"");
    AUTO_FREE char *response = fixture_ask(&fixture, "GET", "/v1/metrics", "");
    assert_non_null(strstr(response, "\npebble_service_active{service=\"one\"} 0\n\n"));
    assert_null(strstr(response, "never"));
    fixture_end(&fixture);
}

static void each_series_has_help_and_type(void **state UNUSED) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    metrics_add_service(&out, "a\"b", true, 3);
    assert_string_equal(buffer_text(&out),
                        "# HELP pebble_service_active Whether the service is currently active (1) or not (0)\n"
                        "# TYPE pebble_service_active gauge\n"
                        "pebble_service_active{service=\"a\\\"b\"} 1\n\n"
                        "# HELP pebble_service_start_count Number of times the service has started\n"
                        "# TYPE pebble_service_start_count counter\n"
                        "pebble_service_start_count{service=\"a\\\"b\"} 3\n\n");
}

#define CHECK_COUNTS                                                                                                   \
    "# HELP pebble_check_success_count Number of times the check has succeeded\n"                                      \
    "# TYPE pebble_check_success_count counter\n"                                                                      \
    "pebble_check_success_count{check=\"door\"} 7\n\n"                                                                 \
    "# HELP pebble_check_failure_count Number of times the check has failed\n"                                         \
    "# TYPE pebble_check_failure_count counter\n"                                                                      \
    "pebble_check_failure_count{check=\"door\"} 2\n\n"

static void a_check_is_up_or_down_only_while_it_is_active(void **state UNUSED) {
    struct check_counts check = {.name = "door", .is_active = true, .success_count = 7, .failure_count = 2};
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    metrics_add_check(&out, &check);
    assert_string_equal(buffer_text(&out), "# HELP pebble_check_up Whether the health check is up (1) or not (0)\n"
                                           "# TYPE pebble_check_up gauge\n"
                                           "pebble_check_up{check=\"door\"} 0\n\n" CHECK_COUNTS);
    buffer_clear(&out);
    check.is_active = false;
    metrics_add_check(&out, &check);
    assert_string_equal(buffer_text(&out), CHECK_COUNTS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_counted_is_an_empty_body),
        cmocka_unit_test(started_services_are_counted),
        cmocka_unit_test(each_series_has_help_and_type),
        cmocka_unit_test(a_check_is_up_or_down_only_while_it_is_active),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

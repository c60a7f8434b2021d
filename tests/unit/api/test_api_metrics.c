// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

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

// The body of the response.
static void assert_metrics(struct fixture *fixture, const char *expected) {
    AUTO_FREE char *response = fixture_ask(fixture, "GET", "/v1/metrics", "");
    const char *body = strstr(response, "\r\n\r\n");
    assert_non_null(body);
    assert_string_equal(body + 4, expected);
}

static void each_series_has_help_and_type(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture_add_layer(&fixture, "services:\n  \"a\\\"b\": {override: replace, command: 'true', on-success: ignore}\n");
    assert_response(&fixture, "POST /v1/services", "{\"action\":\"start\",\"services\":[\"a\\\"b\"]}", 202, "");
    assert_response(&fixture, "GET /v1/changes/1/wait", "", 200, "exited quickly with code 0");
    assert_metrics(&fixture, "# HELP pebble_service_active Whether the service is currently active (1) or not (0)\n"
                             "# TYPE pebble_service_active gauge\n"
                             "pebble_service_active{service=\"a\\\"b\"} 0\n\n"
                             "# HELP pebble_service_start_count Number of times the service has started\n"
                             "# TYPE pebble_service_start_count counter\n"
                             "pebble_service_start_count{service=\"a\\\"b\"} 1\n\n");
    fixture_end(&fixture);
}

// --- checks ---

#define CHECK_UP(name, value)                                                                                          \
    "# HELP pebble_check_up Whether the health check is up (1) or not (0)\n"                                           \
    "# TYPE pebble_check_up gauge\n"                                                                                   \
    "pebble_check_up{check=\"" name "\"} " value "\n\n"
#define CHECK_COUNTS(name, successes, failures)                                                                        \
    "# HELP pebble_check_success_count Number of times the check has succeeded\n"                                      \
    "# TYPE pebble_check_success_count counter\n"                                                                      \
    "pebble_check_success_count{check=\"" name "\"} " successes "\n\n"                                                 \
    "# HELP pebble_check_failure_count Number of times the check has failed\n"                                         \
    "# TYPE pebble_check_failure_count counter\n"                                                                      \
    "pebble_check_failure_count{check=\"" name "\"} " failures "\n\n"

static void refresh(struct fixture *fixture, const char *outcome, const char *piece) {
    fixture->probe_outcome = outcome;
    assert_response(fixture, "POST /v1/checks/refresh", "{\"name\":\"door\"}", 200, piece);
}

static void checks_are_counted_by_name(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture_add_layer(&fixture, "checks:\n"
                                "  lock: {override: replace, exec: {command: x}}\n"
                                "  door: {override: replace, threshold: 2, exec: {command: x}}\n");
    refresh(&fixture, "pass", "\"successes\":1");
    refresh(&fixture, "exit status 7", "\"failures\":1");
    assert_metrics(&fixture, CHECK_UP("door", "1") CHECK_COUNTS("door", "1", "1") CHECK_UP("lock", "1")
                                 CHECK_COUNTS("lock", "0", "0"));
    refresh(&fixture, "exit status 7", "\"status\":\"down\"");
    assert_metrics(&fixture, CHECK_UP("door", "0") CHECK_COUNTS("door", "1", "2") CHECK_UP("lock", "1")
                                 CHECK_COUNTS("lock", "0", "0"));
    fixture_end(&fixture);
}

static void an_inactive_check_is_neither_up_nor_down(void **state UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture_add_layer(&fixture, "checks:\n  door: {override: replace, exec: {command: x}}\n");
    refresh(&fixture, "exit status 7", "\"failures\":1");
    assert_response(&fixture, "POST /v1/checks", "{\"action\":\"stop\",\"checks\":[\"door\"]}", 200, "door");
    assert_metrics(&fixture, CHECK_COUNTS("door", "0", "1"));
    assert_response(&fixture, "POST /v1/checks", "{\"action\":\"start\",\"checks\":[\"door\"]}", 200, "door");
    assert_metrics(&fixture, CHECK_UP("door", "1") CHECK_COUNTS("door", "0", "1"));
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_counted_is_an_empty_body),
        cmocka_unit_test(started_services_are_counted),
        cmocka_unit_test(each_series_has_help_and_type),
        cmocka_unit_test(checks_are_counted_by_name),
        cmocka_unit_test(an_inactive_check_is_neither_up_nor_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

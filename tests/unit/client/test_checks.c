// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "with_daemon.h"

static void checks_are_read(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "[{\"name\":\"a\",\"level\":\"alive\",\"startup\":\"enabled\",\"status\":\"down\",\"successes\":2,"
                   "\"failures\":5,\"threshold\":3,\"change-id\":\"8\",\"prev-change-id\":\"7\"},"
                   "{\"name\":\"b\",\"startup\":\"disabled\",\"status\":\"inactive\",\"successes\":0,\"threshold\":1},"
                   "{\"name\":\"c\"},{\"name\":\"d\",\"successes\":null}]"},
        {.result = "[]"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    struct pebble_checks *checks = NULL;
    assert_true(pebble_get_checks(with.client, NULL, NULL, 0, &checks, &with.error));
    assert_int_equal(pebble_checks_count(checks), 4);
    const struct pebble_check *check = pebble_checks_at(checks, 0);
    assert_string_equal(pebble_check_name(check), "a");
    assert_string_equal(pebble_check_level(check), "alive");
    assert_string_equal(pebble_check_startup(check), "enabled");
    assert_string_equal(pebble_check_status(check), "down");
    assert_int_equal(pebble_check_successes(check), 2);
    assert_int_equal(pebble_check_failures(check), 5);
    assert_int_equal(pebble_check_threshold(check), 3);
    assert_string_equal(pebble_check_change_id(check), "8");
    assert_string_equal(pebble_check_prev_change_id(check), "7");
    check = pebble_checks_at(checks, 1);
    assert_string_equal(pebble_check_level(check), "");
    assert_int_equal(pebble_check_successes(check), 0);
    assert_int_equal(pebble_check_failures(check), 0);
    assert_null(pebble_check_change_id(check));
    assert_null(pebble_check_prev_change_id(check));
    assert_int_equal(pebble_check_successes(pebble_checks_at(checks, 2)), -1); // an older daemon has no count
    assert_int_equal(pebble_check_successes(pebble_checks_at(checks, 3)), -1);
    assert_null(pebble_checks_at(checks, 4));
    pebble_checks_destroy(checks);
    pebble_checks_destroy(NULL);
    assert_true(pebble_get_checks(with.client, "ready", (const char *[]){"a", "x y"}, 2, &checks, &with.error));
    pebble_checks_destroy(checks);
    with_daemon_assert_request(&with, 0, "1 GET /v1/checks HTTP/1.1", "");
    with_daemon_assert_request(&with, 1, "1 GET /v1/checks?level=ready&names=a&names=x+y HTTP/1.1", "");
    with_daemon_end(&with);
}

static void wrong_forms_are_refused(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "[{\"name\":\"a\"},{\"failures\":\"x\"}]"},
        {.result = "{\"changed\":[\"a\",3]}"},
        {.result = "{\"error\":\"x\"}"},
        {.result = "{\"error\":3,\"info\":{}}"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 4);
    struct pebble_checks *checks = NULL;
    struct pebble_changed_checks *changed = NULL;
    struct pebble_check_refresh *refresh = NULL;
    assert_false(pebble_get_checks(with.client, NULL, NULL, 0, &checks, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    assert_false(pebble_control_checks(with.client, "stop", (const char *[]){"a"}, 1, &changed, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    assert_false(pebble_refresh_check(with.client, "a", &refresh, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    assert_false(pebble_refresh_check(with.client, "a", &refresh, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    with_daemon_end(&with);
}

static void start_and_stop_name_what_changed(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "{\"changed\":[\"a\",\"b\"]}"},
        {.result = "{\"changed\":[]}"},
        {.json = "{\"type\":\"error\",\"status-code\":400,\"result\":{\"message\":\"cannot find checks in plan: x\"}}",
         .status = 400},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct pebble_changed_checks *changed = NULL;
    assert_true(pebble_control_checks(with.client, "start", (const char *[]){"b", "a"}, 2, &changed, &with.error));
    assert_int_equal(pebble_changed_checks_count(changed), 2);
    assert_string_equal(pebble_changed_checks_at(changed, 0), "a");
    assert_string_equal(pebble_changed_checks_at(changed, 1), "b");
    assert_null(pebble_changed_checks_at(changed, 2));
    pebble_changed_checks_destroy(changed);
    pebble_changed_checks_destroy(NULL);
    assert_true(pebble_control_checks(with.client, "stop", (const char *[]){"a"}, 1, NULL, &with.error));
    assert_false(pebble_control_checks(with.client, "stop", (const char *[]){"x"}, 1, &changed, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_API, "cannot find checks in plan: x");
    with_daemon_assert_request(&with, 0, "1 POST /v1/checks HTTP/1.1",
                               "{\"action\":\"start\",\"checks\":[\"b\",\"a\"]}");
    with_daemon_assert_request(&with, 1, "1 POST /v1/checks HTTP/1.1", "{\"action\":\"stop\",\"checks\":[\"a\"]}");
    with_daemon_end(&with);
}

static void a_refresh_has_the_check_and_its_error(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "{\"error\":\"exit status 1\",\"info\":{\"name\":\"a\",\"failures\":1}}"},
        {.result = "{\"info\":{\"name\":\"a\"}}"},
        {.result = "{\"Info\":{\"Name\":\"a\"}}"}, // names are matched as Go does
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct pebble_check_refresh *refresh = NULL;
    assert_true(pebble_refresh_check(with.client, "a", &refresh, &with.error));
    assert_string_equal(pebble_check_refresh_error_text(refresh), "exit status 1");
    assert_int_equal(pebble_check_failures(pebble_check_refresh_check(refresh)), 1);
    pebble_check_refresh_destroy(refresh);
    pebble_check_refresh_destroy(NULL);
    assert_true(pebble_refresh_check(with.client, "a", &refresh, &with.error));
    assert_null(pebble_check_refresh_error_text(refresh));
    pebble_check_refresh_destroy(refresh);
    assert_true(pebble_refresh_check(with.client, "a", &refresh, &with.error));
    assert_string_equal(pebble_check_name(pebble_check_refresh_check(refresh)), "a");
    pebble_check_refresh_destroy(refresh);
    with_daemon_assert_request(&with, 0, "1 POST /v1/checks/refresh HTTP/1.1", "{\"name\":\"a\"}");
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_are_read),
        cmocka_unit_test(wrong_forms_are_refused),
        cmocka_unit_test(start_and_stop_name_what_changed),
        cmocka_unit_test(a_refresh_has_the_check_and_its_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void services_are_shown_and_acted_on(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture_add_layer(&fixture, "services:\n  \"a<b\": {override: replace, command: sleep 1000, startup: enabled}\n"
                                "  two: {override: replace, command: sleep 1000}\n");
    runner_stop(fixture.runner);
    assert_response(&fixture, "GET /v1/services?names=two,none", "", 200,
                    "\"result\":[{\"name\":\"two\",\"startup\":\"disabled\",\"current\":\"inactive\"}]");
    assert_response(&fixture, "GET /v1/services", "", 200, "\"name\":\"a\\u003cb\",\"startup\":\"enabled\"");
    assert_response(&fixture, "POST /v1/services", "{\"action\":\"dance\",\"services\":[\"two\"]}", 400,
                    "invalid action \\\"dance\\\"");
    assert_response(&fixture, "POST /v1/services", "{\"action\":\"dance\"}", 400,
                    "must specify services for dance action");
    assert_response(&fixture, "POST /v1/services", "{\"action\":\"autostart\"}", 202, "\"change\":\"1\"");
    assert_response(&fixture, "GET /v1/services/two", "", 400, "not implemented");
    fixture_end(&fixture);
}

// The list is kept as text until something of it changes.
static void list_is_that_of_now(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "GET /v1/services", "", 200, "\"result\":[]");
    fixture_add_layer(&fixture, "services:\n  one: {override: replace, command: /nonexistent/program}\n");
    const char *initial = "\"result\":[{\"name\":\"one\",\"startup\":\"disabled\",\"current\":\"inactive\"}]";
    assert_response(&fixture, "GET /v1/services", "", 200, initial);
    assert_response(&fixture, "GET /v1/services", "", 200, initial);
    assert_response(&fixture, "GET /v1/services?details=all", "", 200, "\"details\":{\"state\":\"initial\"}");
    assert_response(&fixture, "GET /v1/services?names=two", "", 200, "\"result\":[]");
    assert_response(&fixture, "GET /v1/services", "", 200, initial);
    assert_response(&fixture, "POST /v1/services", "{\"action\":\"start\",\"services\":[\"one\"]}", 202, "");
    assert_response(&fixture, "GET /v1/changes/1/wait", "", 200, "\"status\":\"Error\"");
    assert_response(&fixture, "GET /v1/services", "", 200, "\"current\":\"inactive\",\"current-since\":");
    fixture_add_layer(&fixture, "services:\n  one: {override: replace, command: run, startup: enabled}\n");
    assert_response(&fixture, "GET /v1/services", "", 200, "\"startup\":\"enabled\",\"current\":\"inactive\"");
    fixture_add_layer(&fixture, "services:\n  one: {override: merge, type: oneshot}\n");
    assert_response(&fixture, "GET /v1/services", "", 200, "\"details\":{\"state\":\"stopped\"");
    fixture_end(&fixture);
}

static void nothing_to_start_has_a_kind(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "POST /v1/services", "{\"action\":\"autostart\"}", 400,
                    "{\"message\":\"no default services\",\"kind\":\"no-default-services\"}");
    fixture_end(&fixture);
}

static void signals_want_services(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "POST /v1/signals", "{\"signal\":\"SIGHUP\"}", 400, "must specify one or more services");
    assert_response(&fixture, "POST /v1/signals", "{\"signal\":\"SIGHUP\",\"services\":[\"x\"]}", 500,
                    "cannot send signal to \\\"x\\\": service is not running");
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_are_shown_and_acted_on),
        cmocka_unit_test(list_is_that_of_now),
        cmocka_unit_test(nothing_to_start_has_a_kind),
        cmocka_unit_test(signals_want_services),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

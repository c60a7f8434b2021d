// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void every_response_has_its_envelope(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture_add_layer(&fixture, "services:\n  one: {override: replace, command: sleep 1000}\n");
    runner_stop(fixture.runner);
    assert_response(&fixture, "GET /v1/services", "", 200,
                    "{\"type\":\"sync\",\"status-code\":200,\"status\":\"OK\",\"result\":[");
    assert_response(
        &fixture, "POST /v1/services", "{\"action\":\"start\",\"services\":[\"one\"]}", 202,
        "{\"type\":\"async\",\"status-code\":202,\"status\":\"Accepted\",\"change\":\"1\",\"result\":null}");
    assert_response(&fixture, "GET /v1/changes/7", "", 404,
                    "{\"type\":\"error\",\"status-code\":404,\"status\":\"Not Found\",\"result\":"
                    "{\"message\":\"cannot find change with id \\\"7\\\"\"}}");
    fixture_end(&fixture);
}

static void warnings_and_restarts_are_shown(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    state_add_warning(fixture.state, "look out");
    assert_response(&fixture, "GET /v1/health", "", 200, ",\"latest-warning\":\"20");
    AUTO_FREE char *fault = fixture_ask(&fixture, "GET", "/v1/nothing", "");
    assert_null(strstr(fault, "latest-warning"));
    api_set_maintenance(fixture.api, "daemon-restart", "daemon is restarting");
    assert_response(&fixture, "GET /v1/health", "", 200,
                    "\"maintenance\":{\"message\":\"daemon is restarting\",\"kind\":\"daemon-restart\"}");
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_response_has_its_envelope),
        cmocka_unit_test(warnings_and_restarts_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void system_info_and_health(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "GET /v1/system-info", "", 200, "\"result\":{\"boot-id\":\"boot\",\"version\":\"v9\"}");
    fixture.api->spec.http_address = ":4000";
    fixture.api->spec.https_address = ":4443";
    assert_response(&fixture, "GET /v1/system-info", "", 200, "\"http-address\":\":4000\",\"https-address\":\":4443\"");
    assert_response(&fixture, "GET /v1/health?level=alive", "", 200, "\"result\":{\"healthy\":true}");
    assert_response(&fixture, "GET /v1/health?level=high", "", 400, "level must be \\\"alive\\\" or \\\"ready\\\"");
    fixture_end(&fixture);
}

static void health_follows_the_checks(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture_add_layer(&fixture,
                      "checks:\n  door: {override: replace, level: ready, threshold: 1, exec: {command: x}}\n");
    loop_run_pending(fixture.loop);
    fixture.probe_outcome = "bad";
    assert_response(&fixture, "GET /v1/health", "", 200, "\"healthy\":true");
    assert_response(&fixture, "POST /v1/checks/refresh", "{\"name\":\"door\"}", 200, "bad");
    assert_response(&fixture, "GET /v1/health", "", 502, "\"type\":\"sync\",\"status-code\":502");
    assert_response(&fixture, "GET /v1/health", "", 502, "\"result\":{\"healthy\":false}");
    assert_response(&fixture, "GET /v1/health?level=alive", "", 200, "\"healthy\":true");
    assert_response(&fixture, "GET /v1/health?names=ghost", "", 200, "\"healthy\":true");
    assert_response(&fixture, "GET /v1/health?level=ready&names=door,ghost", "", 502, "\"healthy\":false");
    fixture_end(&fixture);
}

static void health_of_many_names(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture_add_layer(&fixture,
                      "checks:\n  door: {override: replace, level: ready, threshold: 1, exec: {command: x}}\n");
    loop_run_pending(fixture.loop);
    fixture.probe_outcome = "bad";
    assert_response(&fixture, "POST /v1/checks/refresh", "{\"name\":\"door\"}", 200, "bad");
    AUTO_BUFFER struct buffer request = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&request, "GET /v1/health?names=a");
    for (size_t i = 2; i < API_NAMES_MAX; i++)
        buffer_add_string(&request, ",a");
    assert_response(&fixture, buffer_text(&request), "", 200, "\"healthy\":true");
    assert_response(&fixture, "GET /v1/health?names=a,door", "", 502, "\"healthy\":false");
    buffer_add_string(&request, ",door");
    assert_response(&fixture, buffer_text(&request), "", 502, "\"healthy\":false");
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system_info_and_health),
        cmocka_unit_test(health_follows_the_checks),
        cmocka_unit_test(health_of_many_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

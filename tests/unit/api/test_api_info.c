// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void system_info_and_health(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "GET /v1/system-info", "", 200, "\"result\":{\"boot-id\":\"boot\",\"version\":\"v9\"}");
    fixture.api->spec.http_address = ":4000";
    assert_response(&fixture, "GET /v1/system-info", "", 200, "\"http-address\":\":4000\"");
    assert_response(&fixture, "GET /v1/health?level=alive", "", 200, "\"result\":{\"healthy\":true}");
    assert_response(&fixture, "GET /v1/health?level=high", "", 400, "level must be \\\"alive\\\" or \\\"ready\\\"");
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(system_info_and_health),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

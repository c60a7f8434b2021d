// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void refusals_come_in_order(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "GET /v1//health?x=1", "", 301, "Location: /v1/health?x=1\r\n");
    assert_response(&fixture, "GET /v1/nothing", "", 404, "\"message\":\"invalid API endpoint requested\"");
    assert_response(&fixture, "GET /v1/health/", "", 404, "invalid API endpoint requested");
    assert_response(&fixture, "FETCH /v1/health", "", 405, "method \\\"FETCH\\\" not allowed");
    assert_response(&fixture, "PUT /v1/services", "", 405, "method \\\"PUT\\\" not allowed");
    assert_response(&fixture, "POST /v1/pairing", "{}", 401, "\"kind\":\"login-required\"");
    assert_true(strstr(buffer_text(&fixture.log), "authz_fail:") != NULL);
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_come_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

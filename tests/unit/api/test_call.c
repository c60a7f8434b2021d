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

static void a_nul_in_a_path_is_a_character(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "GET /v1/health%00", "", 404, "invalid API endpoint requested");
    assert_response(&fixture, "GET /v1/changes/1%00", "", 404, "cannot find change with id \\\"1\\\\x00\\\"");
    assert_response(&fixture, "GET /v1//a%00b", "", 301, "Location: /v1/a%00b\r\n");
    assert_non_null(strstr(buffer_text(&fixture.log), "[pebble] GET /v1/health%00 "));
    fixture_end(&fixture);
}

static void a_question_about_the_server_is_answered(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "OPTIONS *", "", 200, "Content-Length: 0\r\n");
    assert_string_equal(buffer_text(&fixture.log), "");
    assert_response(&fixture, "OPTIONS /v1/health", "", 405, "");
    assert_response(&fixture, "GET *", "", 301, "Location: /%2A\r\n");
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_come_in_order),
        cmocka_unit_test(a_nul_in_a_path_is_a_character),
        cmocka_unit_test(a_question_about_the_server_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

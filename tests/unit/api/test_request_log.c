// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void polls_are_not_logged(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "GET /v1/health", "", 200, "");
    assert_response(&fixture, "GET /v1/system-info", "", 200, "");
    assert_response(&fixture, "GET /v1/changes/1", "", 404, "");
    assert_string_equal(buffer_text(&fixture.log), "");
    assert_response(&fixture, "GET /v1/changes/1/wait", "", 404, "");
    assert_non_null(strstr(buffer_text(&fixture.log), "[pebble] GET /v1/changes/1/wait "));
    assert_non_null(strstr(buffer_text(&fixture.log), " 404 (http+unix)\n"));
    fixture_end(&fixture);
}

static void a_line_feed_cannot_forge_a_log_line(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    assert_response(&fixture, "GET /v1/a%0Ab", "", 404, "");
    assert_non_null(strstr(buffer_text(&fixture.log), "GET /v1/a%0Ab "));
    fixture_end(&fixture);
}

static void a_line_is_short_and_printable(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    AUTO_FREE char *request = memory_new(100001);
    memset(request, 'a', 100000);
    memcpy(request, "GET /v1/\x9b?\x9b", 11);
    assert_response(&fixture, request, "", 404, "");
    assert_in_range(fixture.log.length, 2048, 2200);
    assert_non_null(strstr(buffer_text(&fixture.log), "GET /v1/%9B?\\x9baaa"));
    assert_non_null(strstr(buffer_text(&fixture.log), "aaa... "));
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(polls_are_not_logged),
        cmocka_unit_test(a_line_feed_cannot_forge_a_log_line),
        cmocka_unit_test(a_line_is_short_and_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

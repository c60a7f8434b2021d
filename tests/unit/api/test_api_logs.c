// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

static void lines_are_objects(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct ring *ring = log_store_open(fixture.logs, "web");
    ring_begin_run(ring);
    ring_append(ring, "one\n<two>\n", 10, 1700000000500 * NS_PER_MS);
    assert_response(&fixture, "GET /v1/logs", "", 200, "Content-Type: application/x-ndjson\r\n");
    assert_response(&fixture, "GET /v1/logs?n=1", "", 200,
                    "{\"time\":\"2023-11-14T22:13:20.5Z\",\"service\":\"web\",\"message\":\"<two>\"}\n");
    AUTO_FREE char *last = fixture_ask(&fixture, "GET", "/v1/logs?n=1", "");
    assert_null(strstr(last, "\"one\""));
    assert_response(&fixture, "GET /v1/logs?n=-2", "", 400, "n must be -1, 0, or a positive integer");
    assert_response(&fixture, "GET /v1/logs?follow=yes", "", 400,
                    "follow parameter must be \\\"true\\\" or \\\"false\\\"");
    fixture_end(&fixture);
}

static void followers_get_what_comes(void **unused UNUSED) {
    struct fixture fixture;
    fixture_begin(&fixture);
    struct ring *ring = log_store_open(fixture.logs, "web");
    ring_begin_run(ring);
    int fd = fixture_connect(&fixture);
    fixture_send(fd, "GET", "/v1/logs?follow=true", "");
    while (list_is_empty(&fixture.api->calls))
        uv_run(loop_uv(fixture.loop), UV_RUN_NOWAIT);
    ring_append(ring, "now\n", 4, 1700000000000 * NS_PER_MS);
    loop_run_pending(fixture.loop);
    assert_int_equal(shutdown(fd, SHUT_WR), 0); // it has heard enough
    AUTO_FREE char *response = fixture_receive(&fixture, fd);
    assert_non_null(strstr(response, "\"message\":\"now\"}\n"));
    assert_non_null(strstr(buffer_text(&fixture.log), " 200 (http+unix)"));
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_objects),
        cmocka_unit_test(followers_get_what_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

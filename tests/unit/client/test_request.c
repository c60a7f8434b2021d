// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "client/errors.h"
#include "with_daemon.h"

#define GET_X                                                                                                          \
    { .size = sizeof(struct pebble_request_options), .method = "GET", .path_and_query = "/v1/x?y=z" }

static void result_change_and_status_are_given(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "{\"b\":[1,2.5,\"x\\u0000y\"],\"a\":null}"},
        {.json = "{\"type\":\"async\",\"status-code\":202,\"change\":\"17\",\"result\":null}", .status = 202},
        {.result = "1"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    struct pebble_request_options options = GET_X;
    struct pebble_response *response = NULL;
    size_t length = 0;
    assert_true(pebble_request(with.client, &options, &response, &with.error));
    assert_string_equal(pebble_response_result(response, &length), "{\"b\":[1,2.5,\"x\\u0000y\"],\"a\":null}");
    assert_int_equal(length, strlen(pebble_response_result(response, NULL)));
    assert_null(pebble_response_change_id(response));
    assert_int_equal(pebble_response_status(response), 200);
    pebble_response_destroy(response);
    options.method = "POST";
    options.body = "{}{}";
    options.body_length = 2;
    assert_true(pebble_request(with.client, &options, &response, &with.error));
    assert_string_equal(pebble_response_result(response, NULL), "null");
    assert_string_equal(pebble_response_change_id(response), "17");
    assert_int_equal(pebble_response_status(response), 202);
    pebble_response_destroy(response);
    pebble_response_destroy(NULL);
    options.method = "PUT";
    options.body = NULL;
    assert_true(pebble_request(with.client, &options, NULL, NULL));
    with_daemon_assert_request(&with, 0, "1 GET /v1/x?y=z HTTP/1.1", "");
    with_daemon_assert_request(&with, 1, "1 POST /v1/x?y=z HTTP/1.1", "{}");
    with_daemon_assert_request(&with, 2, "1 PUT /v1/x?y=z HTTP/1.1", "");
    with_daemon_end(&with);
}

static void what_is_no_request_is_not_sent(void **state UNUSED) {
    struct pebble_request_options options = GET_X;
    struct pebble_call *call = NULL;
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    options.path_and_query = NULL;
    assert_false(pebble_call_request(with.client, &options, &call, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot build request: invalid method or path");
    assert_false(pebble_call_request(with.client, NULL, &call, &with.error));
    options.size = 0;
    assert_false(pebble_call_request(with.client, &options, &call, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use options: their size is not set");
    assert_null(call);
    with_daemon_end(&with);
}

static void refusals_are_told(void **state UNUSED) {
    const struct fake_response script[] = {
        {.json = "{\"type\":\"error\",\"status-code\":404,\"result\":{\"message\":\"no such thing\","
                 "\"kind\":\"not-found\"}}",
         .status = 404}};
    const struct pebble_request_options options = GET_X;
    struct pebble_response *response = NULL;
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    assert_false(pebble_request(with.client, &options, &response, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_API, "no such thing");
    assert_int_equal(with.error.status, 404);
    assert_string_equal(with.error.api_kind, "not-found");
    assert_null(response);
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(result_change_and_status_are_given),
        cmocka_unit_test(what_is_no_request_is_not_sent),
        cmocka_unit_test(refusals_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

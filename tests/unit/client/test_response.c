// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "client/response_internal.h"
#include "with_daemon.h"

static void request_gives_result_and_change(void **state UNUSED) {
    const struct fake_answer script[] = {
        {.result = "{\"b\":[1,2.5,\"x\\u0000y\"],\"a\":null}"},
        {.json = "{\"type\":\"async\",\"status-code\":202,\"change\":\"17\",\"result\":null}", .status = 202},
        {.result = "1"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    AUTO_FREE char *result = NULL;
    AUTO_FREE char *change = NULL;
    assert_true(pebble_request(with.client, &(struct pebble_request_options){"GET", "/v1/x?y=z", NULL}, &result,
                               &change, &with.error));
    assert_string_equal(result, "{\"b\":[1,2.5,\"x\\u0000y\"],\"a\":null}");
    assert_null(change);
    free(TAKE(result));
    assert_true(pebble_request(with.client, &(struct pebble_request_options){"POST", "/v1/x", "{}"}, &result, &change,
                               &with.error));
    assert_string_equal(result, "null");
    assert_string_equal(change, "17");
    assert_true(pebble_request(with.client, &(struct pebble_request_options){"PUT", "/v1/x", NULL}, NULL, NULL, NULL));
    with_daemon_assert_request(&with, 0, "1 GET /v1/x?y=z HTTP/1.1", "");
    with_daemon_assert_request(&with, 1, "1 POST /v1/x HTTP/1.1", "{}");
    with_daemon_assert_request(&with, 2, "1 PUT /v1/x HTTP/1.1", "");
    with_daemon_end(&with);
}

static void assert_refused(struct with_daemon *with, enum pebble_error_kind kind, const char *message) {
    char *result = NULL;
    assert_false(pebble_request(with->client, &(struct pebble_request_options){"GET", "/v1/x", NULL}, &result, NULL,
                                &with->error));
    assert_null(result);
    with_daemon_assert_error(with, kind, message);
}

static void errors_of_the_api_are_taken_apart(void **state UNUSED) {
    const struct fake_answer script[] = {
        {.json = "{\"type\":\"error\",\"status-code\":401,\"status\":\"Unauthorized\",\"result\":"
                 "{\"message\":\"access denied\",\"kind\":\"login-required\"}}",
         .status = 401},
        {.json = "{\"type\":\"error\",\"status\":\"Teapot\",\"result\":{}}", .status = 418},
        {.json = "{\"type\":\"error\",\"status\":\"Teapot\",\"result\":\"x\"}", .status = 418},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    assert_refused(&with, PEBBLE_ERROR_API, "access denied");
    assert_int_equal(with.error.status, 401);
    assert_string_equal(with.error.api_kind, "login-required");
    assert_refused(&with, PEBBLE_ERROR_API, "server error: \"Teapot\"");
    assert_int_equal(with.error.status, 418);
    assert_null(with.error.api_kind);
    assert_refused(&with, PEBBLE_ERROR_API, "server error: \"Teapot\"");
    with_daemon_end(&with);
}

static void answers_that_make_no_sense_are_refused(void **state UNUSED) {
    const struct fake_answer script[] = {
        {.json = "<html>"},
        {.json = ""},
        {.json = "{\"type\":\"sync\","},
        {.json = "[]"},
        {.json = "{\"type\":7}"},
        {.json = "{\"type\":\"sync\",\"latest-warning\":\"yesterday\"}"},
        {.json = "{\"result\":1}"},
        {.json = "{\"type\":\"sync\",\"result\":1}"},
        {.json = "{\"type\":\"async\",\"result\":1}"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    assert_refused(&with, PEBBLE_ERROR_PROTOCOL,
                   "cannot decode response: invalid character '<' looking for beginning of value");
    assert_refused(&with, PEBBLE_ERROR_PROTOCOL, "cannot decode response: EOF");
    assert_refused(&with, PEBBLE_ERROR_PROTOCOL, "cannot decode response: unexpected EOF");
    assert_refused(&with, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal: not an object where one is due");
    assert_refused(&with, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal: \"type\" is not a string");
    assert_refused(&with, PEBBLE_ERROR_PROTOCOL, "cannot unmarshal: \"latest-warning\" is not a time");
    struct client_response answer = {0};
    const struct client_request request = {.method = "POST", .target = "/v1/x"};
    assert_false(client_call(with.client, &request, CLIENT_RESPONSE_SYNC, &answer, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "expected sync response, got \"\"");
    assert_false(client_call(with.client, &request, CLIENT_RESPONSE_ASYNC, &answer, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL,
                             "expected async response for \"POST\" on \"/v1/x\", got \"sync\"");
    assert_false(client_call(with.client, &request, CLIENT_RESPONSE_ASYNC, &answer, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "async response without change reference");
    assert_null(answer.envelope);
    with_daemon_end(&with);
}

static void deep_answer_is_refused(void **state UNUSED) {
    AUTO_BUFFER struct buffer deep = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 200000; i++)
        buffer_add_char(&deep, '[');
    const struct fake_answer script[] = {{.json = buffer_text(&deep)}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    assert_refused(&with, PEBBLE_ERROR_PROTOCOL, "cannot decode response: exceeded max depth");
    with_daemon_end(&with);
}

static void warnings_and_maintenance_are_noted(void **state UNUSED) {
    const struct fake_answer script[] = {
        {.json = "{\"type\":\"sync\",\"result\":1,\"latest-warning\":\"1970-01-01T00:00:01.5Z\","
                 "\"maintenance\":{\"kind\":\"daemon-restart\",\"message\":\"daemon is restarting\"}}"},
        {.json = "{\"type\":\"error\",\"result\":{\"message\":\"no\"}}"},
        {.result = "1"},
    };
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    const char *text = "x";
    assert_int_equal(pebble_client_latest_warning(with.client, &text), 0);
    assert_null(text);
    assert_null(pebble_client_maintenance(with.client));
    assert_true(
        pebble_request(with.client, &(struct pebble_request_options){"GET", "/v1/x", NULL}, NULL, NULL, &with.error));
    assert_int_equal(pebble_client_latest_warning(with.client, &text), 1500000000);
    assert_string_equal(text, "1970-01-01T00:00:01.5Z");
    assert_string_equal(pebble_client_maintenance(with.client), "daemon is restarting");
    assert_refused(&with, PEBBLE_ERROR_API, "no");
    assert_int_equal(pebble_client_latest_warning(with.client, NULL), 1500000000);
    assert_null(pebble_client_maintenance(with.client));
    assert_true(
        pebble_request(with.client, &(struct pebble_request_options){"GET", "/v1/x", NULL}, NULL, NULL, &with.error));
    assert_int_equal(pebble_client_latest_warning(with.client, NULL), 0);
    with_daemon_end(&with);
}

static void queries_are_escaped(void **state UNUSED) {
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&target, "/v1/x");
    const char *names[] = {"a b", "c&d=\xc3\xa9", ""};
    client_add_query(&target, "none", NULL, 0);
    client_add_query(&target, "names", names, 3);
    client_add_query(&target, "n", &(const char *){"1"}, 1);
    assert_string_equal(buffer_text(&target), "/v1/x?names=a+b&names=c%26d%3D%C3%A9&names=&n=1");
}

// One byte more than the limit, in a body that is nothing but white space: no more is kept than the limit.
static void oversized_answer_is_refused(void **state UNUSED) {
    size_t length = PEBBLE_RESPONSE_LIMIT_BYTES + 1;
    AUTO_FREE char *head = memory_printf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
    size_t head_length = strlen(head);
    char *bytes = memory_try(head_length + length);
    if (bytes == NULL)
        skip();
    memset(bytes, ' ', head_length + length);
    for (size_t i = 0; i < head_length; i++)
        bytes[i] = head[i];
    const struct fake_answer script[] = {{.bytes = bytes, .length = head_length + length}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 1);
    assert_refused(&with, PEBBLE_ERROR_PROTOCOL, "cannot read response: too large");
    with_daemon_end(&with);
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_gives_result_and_change),
        cmocka_unit_test(errors_of_the_api_are_taken_apart),
        cmocka_unit_test(answers_that_make_no_sense_are_refused),
        cmocka_unit_test(deep_answer_is_refused),
        cmocka_unit_test(warnings_and_maintenance_are_noted),
        cmocka_unit_test(queries_are_escaped),
        cmocka_unit_test(oversized_answer_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

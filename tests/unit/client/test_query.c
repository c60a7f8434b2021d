// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/buffer.h"
#include "client/blocking_internal.h"
#include "client/errors.h"
#include "client/query_internal.h"
#include "with_daemon.h"

static void queries_are_escaped(void **state UNUSED) {
    AUTO_BUFFER struct buffer target = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&target, "/v1/x");
    const char *names[] = {"a b", "c&d=\xc3\xa9", ""};
    client_add_query(&target, "none", NULL, 0);
    client_add_query(&target, "names", names, 3);
    client_add_query(&target, "n", &(const char *){"1"}, 1);
    assert_string_equal(buffer_text(&target), "/v1/x?names=a+b&names=c%26d%3D%C3%A9&names=&n=1");
}

static void *read_text(struct client_response *response, struct pebble_error *error) {
    if (json_is_string(response->result))
        return memory_string(json_string_value(response->result));
    client_fail(error, PEBBLE_ERROR_PROTOCOL, "no text");
    return NULL;
}

static const struct client_result_type text_result = {free};

static bool ask(struct with_daemon *with, enum client_response_type type, char **text) {
    const struct client_request request = {.method = "POST", .target = "/v1/x", .body = "{}", .body_length = 2};
    const struct client_query_type query = {type, text != NULL ? &text_result : NULL, read_text};
    struct pebble_call *call = NULL;
    assert_true(client_query_start(with->client, &request, &query, &call, &with->error));
    bool is_done = client_run(call, NULL, NULL, &with->error);
    char *taken = client_call_take_result(call, &text_result);
    assert_true(is_done || taken == NULL);
    if (text != NULL)
        *text = taken;
    pebble_call_destroy(call);
    return is_done;
}

static void results_are_read(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "\"one\""}, {.result = "2"}, {.result = "3"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    char *text = NULL;
    assert_true(ask(&with, CLIENT_RESPONSE_SYNC, &text));
    assert_string_equal(text, "one");
    free(text);
    assert_false(ask(&with, CLIENT_RESPONSE_SYNC, &text));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "no text");
    assert_true(ask(&with, CLIENT_RESPONSE_SYNC, NULL));
    with_daemon_assert_request(&with, 0, "1 POST /v1/x HTTP/1.1", "{}");
    with_daemon_end(&with);
}

static void responses_are_of_the_type_that_is_due(void **state UNUSED) {
    const struct fake_response script[] = {{.json = "{\"result\":1}"}, {.result = "1"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    assert_false(ask(&with, CLIENT_RESPONSE_SYNC, NULL));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "expected sync response, got \"\"");
    assert_false(ask(&with, CLIENT_RESPONSE_ASYNC, NULL));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL,
                             "expected async response for \"POST\" on \"/v1/x\", got \"sync\"");
    with_daemon_end(&with);
}

static void what_is_no_request_is_not_sent(void **state UNUSED) {
    const struct client_request request = {.method = "POST", .target = "x"};
    const struct client_query_type query = {CLIENT_RESPONSE_ANY, NULL, NULL};
    struct pebble_call *call = NULL;
    struct with_daemon with;
    with_daemon_begin(&with, NULL, 0);
    assert_false(client_query_start(with.client, &request, &query, &call, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot build request: invalid method or path");
    assert_null(call);
    with_daemon_end(&with);
}

static void ids_are_lower_case_letters_and_digits(void **state UNUSED) {
    static const char *const bad[] = {"", "A", "1/2", "a b", "%"};
    struct pebble_error error = {0};
    assert_true(client_check_id("notice", "a1", &error));
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        AUTO_FREE char *message = memory_printf("invalid notice ID \"%s\"", bad[i]);
        assert_false(client_check_id("notice", bad[i], &error));
        assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
        assert_string_equal(error.message, message);
    }
    pebble_error_clear(&error);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_are_escaped),
        cmocka_unit_test(results_are_read),
        cmocka_unit_test(responses_are_of_the_type_that_is_due),
        cmocka_unit_test(what_is_no_request_is_not_sent),
        cmocka_unit_test(ids_are_lower_case_letters_and_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

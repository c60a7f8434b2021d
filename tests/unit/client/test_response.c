// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "client/errors.h"
#include "client/response_internal.h"

static struct pebble_client *client;

static int create_client(void **state UNUSED) {
    const struct pebble_client_options options = {.size = sizeof options, .socket_path = "/x"};
    return pebble_client_create(&options, &client, NULL) ? 0 : -1;
}

static int destroy_client(void **state UNUSED) {
    pebble_client_destroy(client);
    return 0;
}

static bool read_as(int status, const char *text, struct client_response *response, struct pebble_error *error) {
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&body, text);
    return client_response_read(client, status, &body, response, error);
}

static void assert_status_refused(int status, const char *text, enum pebble_error_kind kind, const char *message) {
    AUTO_CLIENT_RESPONSE struct client_response response = {0};
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_false(read_as(status, text, &response, &error));
    assert_null(response.envelope);
    assert_int_equal(error.kind, kind);
    assert_string_equal(error.message, message);
}

static void assert_refused(const char *text, enum pebble_error_kind kind, const char *message) {
    assert_status_refused(200, text, kind, message);
}

static void envelopes_are_read(void **state UNUSED) {
    AUTO_CLIENT_RESPONSE struct client_response response = {0};
    assert_true(read_as(202, "{\"type\":\"async\",\"change\":\"7\",\"result\":{\"a\":1}}", &response, NULL));
    assert_int_equal(response.status, 202);
    assert_string_equal(response.change_id, "7");
    assert_true(json_is_object(response.result));
    assert_null(response.restart);
    client_response_finish(&response);
    assert_true(read_as(200, "{\"type\":\"sync\",\"change\":\"\",\"result\":null}", &response, NULL));
    assert_null(response.change_id);
    assert_null(response.result);
}

static void errors_of_the_api_are_taken_apart(void **state UNUSED) {
    AUTO_CLIENT_RESPONSE struct client_response response = {0};
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_false(read_as(400,
                         "{\"type\":\"error\",\"status-code\":401,\"status\":\"Unauthorized\",\"result\":"
                         "{\"message\":\"access denied\",\"kind\":\"login-required\"}}",
                         &response, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_API);
    assert_int_equal(error.status, 401);
    assert_string_equal(error.message, "access denied");
    assert_string_equal(error.api_kind, "login-required");
    assert_false(read_as(418, "{\"type\":\"error\",\"status\":\"Teapot\",\"result\":{}}", &response, &error));
    assert_int_equal(error.status, 418);
    assert_string_equal(error.message, "server error: \"Teapot\"");
    assert_null(error.api_kind);
    assert_refused("{\"type\":\"error\",\"status\":\"Teapot\",\"result\":\"x\"}", PEBBLE_ERROR_API,
                   "server error: \"Teapot\"");
}

static void what_makes_no_sense_is_refused(void **state UNUSED) {
    const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"<html>", "cannot decode response: invalid character '<' looking for beginning of value"},
        {"", "cannot decode response: EOF"},
        {"{\"type\":\"sync\",", "cannot decode response: unexpected EOF"},
        {"[]", "cannot unmarshal: not an object where one is due"},
        {"{\"type\":7}", "cannot unmarshal: \"type\" is not a string"},
        {"{\"type\":\"sync\",\"change\":7}", "cannot unmarshal: \"change\" is not a string"},
        {"{\"type\":\"sync\",\"latest-warning\":\"yesterday\"}", "cannot unmarshal: \"latest-warning\" is not a time"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_refused(cases[i].text, PEBBLE_ERROR_PROTOCOL, cases[i].message);
}

// Such as that of a proxy, or of a server for HTTPS.
static void status_of_a_foreign_refusal_is_shown(void **state UNUSED) {
    AUTO_FREE char *line = memory_printf("<%0200d", 0);
    AUTO_FREE char *shown =
        memory_printf("cannot decode response with status 418, \"<%099d\": invalid character '<' looking "
                      "for beginning of value",
                      0);
    assert_status_refused(
        400, "Client sent words.\r\nMore", PEBBLE_ERROR_PROTOCOL,
        "cannot decode response with status 400, \"Client sent words.\": invalid character 'C' looking "
        "for beginning of value");
    assert_status_refused(502, "", PEBBLE_ERROR_PROTOCOL, "cannot decode response with status 502, \"\": EOF");
    assert_status_refused(418, line, PEBBLE_ERROR_PROTOCOL, shown);
}

static void deep_response_is_refused(void **state UNUSED) {
    AUTO_BUFFER struct buffer deep = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 200000; i++)
        buffer_add_char(&deep, '[');
    assert_refused(buffer_text(&deep), PEBBLE_ERROR_PROTOCOL, "cannot decode response: exceeded max depth");
}

static void assert_type(const char *text, enum client_response_type type, const char *message) {
    AUTO_CLIENT_RESPONSE struct client_response response = {0};
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_true(read_as(200, text, &response, NULL));
    assert_int_equal(client_response_check(&response, type, "POST", "/v1/x", &error), message == NULL);
    if (message == NULL)
        return;
    assert_int_equal(error.kind, PEBBLE_ERROR_PROTOCOL);
    assert_string_equal(error.message, message);
}

static void types_are_checked(void **state UNUSED) {
    assert_type("{\"type\":\"sync\"}", CLIENT_RESPONSE_SYNC, NULL);
    assert_type("{\"type\":\"async\",\"change\":\"1\"}", CLIENT_RESPONSE_ASYNC, NULL);
    assert_type("{}", CLIENT_RESPONSE_ANY, NULL);
    assert_type("{}", CLIENT_RESPONSE_SYNC, "expected sync response, got \"\"");
    assert_type("{\"type\":\"sync\"}", CLIENT_RESPONSE_ASYNC,
                "expected async response for \"POST\" on \"/v1/x\", got \"sync\"");
    assert_type("{\"type\":\"async\"}", CLIENT_RESPONSE_ASYNC, "async response without change reference");
}

static void assert_notes(int64_t warning, const char *maintenance) {
    assert_int_equal(pebble_client_latest_warning_ns(client, NULL), warning);
    const char *noted = pebble_client_maintenance(client);
    assert_string_equal(noted != NULL ? noted : "", maintenance);
}

static void warnings_and_maintenance_are_noted(void **state UNUSED) {
    AUTO_CLIENT_RESPONSE struct client_response response = {0};
    assert_true(read_as(200,
                        "{\"type\":\"sync\",\"result\":1,\"latest-warning\":\"1970-01-01T00:00:01.5Z\","
                        "\"maintenance\":{\"kind\":\"daemon-restart\",\"message\":\"daemon is restarting\"}}",
                        &response, NULL));
    assert_notes(1500000000, "daemon is restarting");
    assert_string_equal(response.restart, "daemon-restart");
    client_response_finish(&response);
    assert_false(read_as(400, "{\"type\":\"error\",\"result\":{\"message\":\"no\"}}", &response, NULL));
    assert_notes(1500000000, "");
    assert_true(read_as(200, "{\"type\":\"sync\"}", &response, NULL));
    assert_notes(0, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(envelopes_are_read),
        cmocka_unit_test(errors_of_the_api_are_taken_apart),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(status_of_a_foreign_refusal_is_shown),
        cmocka_unit_test(deep_response_is_refused),
        cmocka_unit_test(types_are_checked),
        cmocka_unit_test(warnings_and_maintenance_are_noted),
    };
    return cmocka_run_group_tests(tests, create_client, destroy_client);
}

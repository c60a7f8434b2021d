// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "client/client_internal.h"
#include "with_daemon.h"

static void assert_not_created(const char *base_url, const char *message) {
    const struct pebble_client_options options = {.base_url = base_url};
    struct pebble_client *client = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_false(pebble_client_create(&options, &client, &error));
    assert_null(client);
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    assert_string_equal(error.message, message);
}

static void base_url_is_checked(void **state UNUSED) {
    assert_not_created("no url:",
                       "cannot parse base URL: parse \"no url:\": first path segment in URL cannot contain colon");
    assert_not_created("https://x:1", "cannot parse base URL: \"https://x:1\" is not of the form http://HOST:PORT");
    assert_not_created("http://x:1/v1", "cannot parse base URL: \"http://x:1/v1\" is not of the form http://HOST:PORT");
    assert_not_created("http://x:1?a=b",
                       "cannot parse base URL: \"http://x:1?a=b\" is not of the form http://HOST:PORT");
    assert_not_created("http://me@x:1", "cannot parse base URL: \"http://me@x:1\" is not of the form http://HOST:PORT");
    assert_not_created("x", "cannot parse base URL: \"x\" is not of the form http://HOST:PORT");
    assert_not_created(NULL, "cannot use an empty socket path");
}

static void base_url_may_leave_things_out(void **state UNUSED) {
    const struct {
        const char *url;
        const char *host;
        int port;
        const char *authority;
    } cases[] = {
        {"http://example.com", "example.com", 80, "example.com:80"},
        {"HTTP://127.0.0.1:4000/", "127.0.0.1", 4000, "127.0.0.1:4000"},
        {"http://:4000", "localhost", 4000, "localhost:4000"},
        {"http://[::1]:4000", "::1", 4000, "[::1]:4000"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct pebble_client_options options = {.base_url = cases[i].url, .socket_path = "/x"};
        struct pebble_client *client = NULL;
        assert_true(pebble_client_create(&options, &client, NULL));
        assert_null(client->connection.socket_path);
        assert_string_equal(client->connection.host, cases[i].host);
        assert_int_equal(client->connection.port, cases[i].port);
        assert_string_equal(client->authority, cases[i].authority);
        pebble_client_destroy(client);
    }
}

static void assert_default_socket(const char *expected) {
    struct pebble_client *client = NULL;
    assert_true(pebble_client_create_default(&client, NULL));
    assert_string_equal(client->connection.socket_path, expected);
    assert_int_equal(client->get_retry_ms, 5000);
    pebble_client_destroy(client);
}

static void default_comes_from_the_environment(void **state UNUSED) {
    unsetenv("PEBBLE_BASEURL");
    unsetenv("PEBBLE_SOCKET");
    unsetenv("PEBBLE");
    assert_default_socket("/var/lib/pebble/default/.pebble.socket");
    setenv("PEBBLE", "", 1);
    setenv("PEBBLE_SOCKET", "", 1);
    setenv("PEBBLE_BASEURL", "", 1);
    assert_default_socket("/var/lib/pebble/default/.pebble.socket");
    setenv("PEBBLE", "some/where//", 1);
    assert_default_socket("some/where/.pebble.socket");
    setenv("PEBBLE_SOCKET", "/run/x", 1);
    assert_default_socket("/run/x");
    setenv("PEBBLE_BASEURL", "http://host:1", 1);
    struct pebble_client *client = NULL;
    assert_true(pebble_client_create_default(&client, NULL));
    assert_string_equal(client->connection.host, "host");
    pebble_client_destroy(client);
}

static void failures_are_replaced_and_moved(void **state UNUSED) {
    struct pebble_error error = {0};
    assert_false(client_fail(&error, PEBBLE_ERROR_API, "one %d", 1));
    error.api_kind = memory_string("x");
    error.status = 400;
    assert_false(client_fail(&error, PEBBLE_ERROR_CHANGE, "two"));
    assert_null(error.api_kind);
    assert_int_equal(error.status, 0);
    struct pebble_error target = {0};
    client_fail(&target, PEBBLE_ERROR_API, "old");
    assert_false(client_fail_move(&target, &error));
    assert_string_equal(target.message, "two");
    assert_null(error.message);
    assert_false(client_fail(NULL, PEBBLE_ERROR_API, "nobody listens"));
    pebble_error_clear(&target);
    assert_null(target.message);
    assert_int_equal(target.kind, PEBBLE_ERROR_NONE);
    pebble_error_clear(NULL);
    pebble_client_destroy(NULL);
}

static void kinds_of_causes(void **state UNUSED) {
    const struct {
        enum error_kind cause;
        enum pebble_error_kind kind;
    } cases[] = {
        {ERROR_CONNECTION, PEBBLE_ERROR_CONNECTION}, {ERROR_TIMEOUT, PEBBLE_ERROR_TIMEOUT},
        {ERROR_CANCELLED, PEBBLE_ERROR_CANCELLED},   {ERROR_BAD_REQUEST, PEBBLE_ERROR_PROTOCOL},
        {ERROR_INTERNAL, PEBBLE_ERROR_PROTOCOL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_ERROR struct error cause = {0};
        error_set(&cause, cases[i].cause, "why");
        AUTO_PEBBLE_ERROR struct pebble_error error = {0};
        assert_false(client_fail_because(&error, "what: ", &cause));
        assert_int_equal(error.kind, cases[i].kind);
        assert_string_equal(error.message, "what: why");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_url_is_checked),
        cmocka_unit_test(base_url_may_leave_things_out),
        cmocka_unit_test(default_comes_from_the_environment),
        cmocka_unit_test(failures_are_replaced_and_moved),
        cmocka_unit_test(kinds_of_causes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "client/endpoint_internal.h"
#include "client/errors_internal.h"

static void assert_refused(const struct pebble_client_options *options, const char *message) {
    struct client_endpoint endpoint = {0};
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_false(client_endpoint_init(&endpoint, options, &error));
    assert_null(endpoint.authority);
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    assert_string_equal(error.message, message);
}

static void assert_url_refused(const char *base_url, const char *message) {
    assert_refused(&(struct pebble_client_options){.base_url = base_url}, message);
}

static void base_url_is_checked(void **state UNUSED) {
    assert_url_refused("no url:",
                       "cannot parse base URL: parse \"no url:\": first path segment in URL cannot contain colon");
    assert_url_refused("http://x:1/v1", "cannot parse base URL: \"http://x:1/v1\" is not of the form http://HOST:PORT");
    assert_url_refused("http://x:1?a=b",
                       "cannot parse base URL: \"http://x:1?a=b\" is not of the form http://HOST:PORT");
    assert_url_refused("http://me@x:1", "cannot parse base URL: \"http://me@x:1\" is not of the form http://HOST:PORT");
    assert_url_refused("x", "cannot parse base URL: \"x\" is not of the form http://HOST:PORT");
    assert_url_refused(NULL, "cannot use an empty socket path");
}

static void https_is_not_there_yet(void **state UNUSED) {
    assert_url_refused("https://x:1", "cannot use base URL \"https://x:1\": HTTPS is not available in this version");
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
        struct client_endpoint endpoint;
        assert_true(client_endpoint_init(&endpoint, &options, NULL));
        assert_null(endpoint.socket_path);
        assert_string_equal(endpoint.host, cases[i].host);
        assert_int_equal(endpoint.port, cases[i].port);
        assert_string_equal(endpoint.authority, cases[i].authority);
        assert_null(endpoint.authorization);
        client_endpoint_finish(&endpoint);
    }
}

static void sockets_are_local(void **state UNUSED) {
    struct client_endpoint endpoint;
    assert_true(client_endpoint_init(&endpoint, &(struct pebble_client_options){.socket_path = "/x"}, NULL));
    assert_string_equal(endpoint.socket_path, "/x");
    assert_null(endpoint.host);
    assert_string_equal(endpoint.authority, "localhost");
    client_endpoint_finish(&endpoint);
}

// The example of RFC 7617 section 2.
static void credentials_are_basic(void **state UNUSED) {
    struct pebble_client_options options = {.socket_path = "/x", .user = "Aladdin", .password = "open sesame"};
    struct client_endpoint endpoint;
    assert_true(client_endpoint_init(&endpoint, &options, NULL));
    assert_string_equal(endpoint.authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    client_endpoint_finish(&endpoint);
    options.password = NULL;
    assert_true(client_endpoint_init(&endpoint, &options, NULL));
    assert_string_equal(endpoint.authorization, "Basic QWxhZGRpbjo=");
    client_endpoint_finish(&endpoint);
    options.user = "a:b";
    assert_refused(&options, "cannot use a user name with a colon");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_url_is_checked),           cmocka_unit_test(https_is_not_there_yet),
        cmocka_unit_test(base_url_may_leave_things_out), cmocka_unit_test(sockets_are_local),
        cmocka_unit_test(credentials_are_basic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "client/endpoint_internal.h"
#include "client/errors.h"

#define FORM "http://HOST:PORT or https://HOST:PORT"

static void assert_refused(const struct pebble_client_options *options, const char *message) {
    struct client_endpoint endpoint = {0};
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_false(client_endpoint_init(&endpoint, options, &client_tls_option_names, &error));
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
    assert_url_refused("ftp://x:1/v1", "cannot parse base URL: \"ftp://x:1/v1\" is not of the form " FORM);
    assert_url_refused("http://a%3Ab@x:1", "cannot use a user name with a colon");
    assert_url_refused("x", "cannot parse base URL: \"x\" is not of the form " FORM);
    assert_url_refused(NULL, "cannot use an empty socket path");
}

#define FINGERPRINT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void https_has_tls(void **state UNUSED) {
    struct pebble_client_options options = {.base_url = "https://x", .server_fingerprint = FINGERPRINT};
    struct client_endpoint endpoint;
    assert_true(client_endpoint_init(&endpoint, &options, &client_tls_option_names, NULL));
    assert_true(endpoint.is_https);
    assert_non_null(endpoint.tls);
    assert_string_equal(endpoint.host, "x");
    assert_int_equal(endpoint.port, 443);
    assert_string_equal(endpoint.authority, "x");
    client_endpoint_finish(&endpoint);
    assert_null(endpoint.tls);
    options.server_fingerprint = "0";
    assert_refused(&options,
                   "cannot use server_fingerprint: invalid fingerprint \"0\": must be 77 letters and digits (of the "
                   "identity key) or 64 hexadecimal digits (of a certificate)");
}

// It may be that the URL should have been one with https.
static void tls_needs_https(void **state UNUSED) {
    assert_refused(&(struct pebble_client_options){.base_url = "http://x", .server_fingerprint = FINGERPRINT},
                   "cannot use server_fingerprint without a base URL https://HOST:PORT");
    assert_refused(&(struct pebble_client_options){.socket_path = "/x", .key_path = "/y"},
                   "cannot use key_path without a base URL https://HOST:PORT");
}

static void base_url_may_leave_things_out(void **state UNUSED) {
    const struct {
        const char *url;
        const char *host;
        int port;
        const char *authority;
    } cases[] = {
        {"http://example.com", "example.com", 80, "example.com"},
        {"HTTP://127.0.0.1:4000/", "127.0.0.1", 4000, "127.0.0.1:4000"},
        {"http://:4000", "localhost", 4000, "localhost:4000"},
        {"http://[::1]:4000", "::1", 4000, "[::1]:4000"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct pebble_client_options options = {.base_url = cases[i].url, .socket_path = "/x"};
        struct client_endpoint endpoint;
        assert_true(client_endpoint_init(&endpoint, &options, &client_tls_option_names, NULL));
        assert_null(endpoint.socket_path);
        assert_string_equal(endpoint.host, cases[i].host);
        assert_int_equal(endpoint.port, cases[i].port);
        assert_string_equal(endpoint.authority, cases[i].authority);
        assert_null(endpoint.authorization);
        assert_null(endpoint.tls);
        client_endpoint_finish(&endpoint);
    }
}

static void base_url_may_have_a_path_and_credentials(void **state UNUSED) {
    const struct {
        const char *url, *user;                          // of the options, or NULL
        const char *prefix, *shown_user, *authorization; // NULL: none
    } cases[] = {
        {"http://x/", NULL, "", "", NULL},
        {"http://x/a/b", NULL, "/a/b", "", NULL},
        {"http://x//a/../b%20c/?d=e#f", NULL, "/b%20c", "", NULL},
        {"http://x?d=/e", NULL, "", "", NULL},
        {"http://Aladdin:open%20sesame@x/", NULL, "", "Aladdin:***@", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        {"http://Aladdin@x/a", NULL, "/a", "Aladdin@", "Basic QWxhZGRpbjo="},
        {"http://b%40c:d@x", "Aladdin", "", "b%40c:***@", "Basic QWxhZGRpbjo="},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct pebble_client_options options = {.base_url = cases[i].url, .user = cases[i].user};
        struct client_endpoint endpoint;
        assert_true(client_endpoint_init(&endpoint, &options, &client_tls_option_names, NULL));
        assert_string_equal(endpoint.authority, "x");
        assert_string_equal(endpoint.prefix, cases[i].prefix);
        assert_string_equal(endpoint.shown_user, cases[i].shown_user);
        if (cases[i].authorization == NULL)
            assert_null(endpoint.authorization);
        else
            assert_string_equal(endpoint.authorization, cases[i].authorization);
        client_endpoint_finish(&endpoint);
    }
}

static void sockets_are_local(void **state UNUSED) {
    struct client_endpoint endpoint;
    const struct pebble_client_options options = {.socket_path = "/x"};
    assert_true(client_endpoint_init(&endpoint, &options, &client_tls_option_names, NULL));
    assert_string_equal(endpoint.socket_path, "/x");
    assert_null(endpoint.host);
    assert_string_equal(endpoint.authority, "localhost");
    client_endpoint_finish(&endpoint);
}

// The example of RFC 7617 section 2.
static void credentials_are_basic(void **state UNUSED) {
    struct pebble_client_options options = {.socket_path = "/x", .user = "Aladdin", .password = "open sesame"};
    struct client_endpoint endpoint;
    assert_true(client_endpoint_init(&endpoint, &options, &client_tls_option_names, NULL));
    assert_string_equal(endpoint.authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    client_endpoint_finish(&endpoint);
    options.password = NULL;
    assert_true(client_endpoint_init(&endpoint, &options, &client_tls_option_names, NULL));
    assert_string_equal(endpoint.authorization, "Basic QWxhZGRpbjo=");
    client_endpoint_finish(&endpoint);
    options.user = "a:b";
    assert_refused(&options, "cannot use a user name with a colon");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base_url_is_checked),
        cmocka_unit_test(https_has_tls),
        cmocka_unit_test(tls_needs_https),
        cmocka_unit_test(base_url_may_leave_things_out),
        cmocka_unit_test(base_url_may_have_a_path_and_credentials),
        cmocka_unit_test(sockets_are_local),
        cmocka_unit_test(credentials_are_basic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "secure_fixture.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define OK_RESPONSE OK_HEAD "Content-Length: 4\r\n\r\nfine"

// --- loading ---

static void fetches_wait_for_the_same_load(void **state UNUSED) {
    serve("/", OK_RESPONSE);
    AUTO_FREE char *url = url_of("/");
    const struct http_fetch_handlers none = {0};
    for (int i = 0; i < 3; i++)
        (void)http_fetch_start(client, &(struct http_fetch_request){.url = url}, &none, NULL);
    struct http_fetch *cancelled = http_fetch_start(client, &(struct http_fetch_request){.url = url}, &none, NULL);
    while (cancelled->state != FETCH_LOADING)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    http_fetch_cancel(cancelled);
    while (!list_is_empty(&client->fetches))
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_int_equal(server.count, 3);
    for (size_t i = 0; i < server.count; i++)
        expect_in_request(i, "GET / HTTP/1.1\r\n");
}

static void client_may_go_while_it_loads(void **state UNUSED) {
    start("/");
    while (fetch->state != FETCH_LOADING)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    http_client_destroy(TAKE(client));
    expect_nothing();
}

static void nothing_is_loaded_for_plain_requests(void **state UNUSED) {
    tls_context_release(TAKE(server.tls));
    serve("/", OK_RESPONSE);
    run("/");
    expect_response(200, "fine");
    assert_null(client->trust);
}

static void authorities_that_cannot_be_read_are_an_error(void **state UNUSED) {
    assert_int_equal(unlink(trust_path), 0);
    assert_int_equal(mkdir(trust_path, 0700), 0);
    run("/");
    assert_non_null(strstr(seen.message, ": tls: failed to verify certificate: x509: failed to load system roots and "
                                         "no roots provided; "));
    assert_int_equal(server.count, 0);
    assert_int_equal(rmdir(trust_path), 0);
    trust_only(&authority);
    serve("/", OK_RESPONSE);
    forget_seen();
    run("/");
    expect_response(200, "fine");
}

// --- certificates ---

// The server has another certificate, signed by the authority unless it says otherwise.
static void serve_with(struct certificate_fixture_spec spec) {
    tls_context_release(server.tls);
    server.tls = make_server(spec);
    serve("/", OK_RESPONSE);
}

// Runs a fetch that fails in the handshake.
static void expect_refusal(const char *message) {
    forget_seen();
    run("/");
    expect_error("/", ERROR_CONNECTION, message);
    assert_int_equal(seen.heads, 0);
    assert_int_equal(server.connections[server.count - 1].request.length, 0);
}

static void names_are_verified(void **state UNUSED) {
    serve("/", OK_RESPONSE);
    AUTO_FREE char *url = memory_printf("https://one.test:%u/", server.port);
    run_request(&(struct http_fetch_request){.url = url});
    expect_response(200, "fine");
    forget_seen();
    AUTO_FREE char *other = memory_printf("https://notone.test:%u/", server.port);
    run_request(&(struct http_fetch_request){.url = other});
    expect_error(other, ERROR_CONNECTION,
                 "tls: failed to verify certificate: x509: certificate is valid for one.test, two.test, not "
                 "notone.test");
}

static void strangers_are_refused(void **state UNUSED) {
    struct certificate_fixture stranger = make_authority();
    serve_with((struct certificate_fixture_spec){.alternative_names = "IP:127.0.0.1", .issuer = &stranger});
    expect_refusal("tls: failed to verify certificate: x509: certificate signed by unknown authority");
    fixture_finish(&stranger);
}

static void other_addresses_are_refused(void **state UNUSED) {
    serve_with((struct certificate_fixture_spec){.alternative_names = "IP:127.0.0.2"});
    expect_refusal("tls: failed to verify certificate: x509: certificate is valid for 127.0.0.2, not 127.0.0.1");
}

static void expired_certificates_are_refused(void **state UNUSED) {
    serve_with(
        (struct certificate_fixture_spec){.alternative_names = "IP:127.0.0.1", .from_s = -2 * DAY_S, .to_s = -DAY_S});
    run("/");
    assert_non_null(strstr(seen.message, ": tls: failed to verify certificate: x509: certificate has expired or is not "
                                         "yet valid: current time "));
    assert_int_equal(seen.kind, ERROR_CONNECTION);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SECURE_TEST(fetches_wait_for_the_same_load),
        SECURE_TEST(client_may_go_while_it_loads),
        SECURE_TEST(nothing_is_loaded_for_plain_requests),
        SECURE_TEST(authorities_that_cannot_be_read_are_an_error),
        SECURE_TEST(names_are_verified),
        SECURE_TEST(strangers_are_refused),
        SECURE_TEST(other_addresses_are_refused),
        SECURE_TEST(expired_certificates_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

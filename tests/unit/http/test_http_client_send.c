// SPDX-License-Identifier: GPL-3.0-or-later
#include "secure_fixture.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define OK_RESPONSE OK_HEAD "Content-Length: 4\r\n\r\nfine"

// --- good servers ---

static void fetches_over_tls(void **state UNUSED) {
    serve("/page?q=1", OK_RESPONSE);
    assert_null(client->trust);
    run("/page?q=1");
    expect_response(200, "fine");
    AUTO_FREE char *expected = memory_printf("GET /page?q=1 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                                             "User-Agent: Go-http-client/1.1\r\nConnection: close\r\n\r\n",
                                             server.port);
    assert_string_equal(request_of(0), expected);
    forget_seen();
    run("/page?q=1");
    expect_response(200, "fine");
}

static void tls_is_ended(void **state UNUSED) {
    serve_in("/", RESPOND_AND_STAY, OK_RESPONSE);
    run("/");
    expect_response(200, "fine");
    while (!server.connections[0].has_ended)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    assert_false(server.connections[0].has_failed);
}

static void large_bodies_pass(void **state UNUSED) {
    enum { LENGTH = 3000000 };
    AUTO_FREE char *body = memory_new(LENGTH + 1);
    memset(body, 'x', LENGTH);
    AUTO_FREE char *response = memory_printf(OK_HEAD "Content-Length: %d\r\n\r\n%s", LENGTH, body);
    serve_in("/", RESPOND_AND_STAY, response);
    AUTO_FREE char *url = url_of("/");
    run_request(&(struct http_fetch_request){.method = "PUT", .url = url, .body = body, .body_length = LENGTH});
    expect_response(200, body);
    assert_int_equal(strlen(strstr(request_of(0), "\r\n\r\n") + 4), LENGTH);
}

static void drips_are_joined(void **state UNUSED) {
    serve_in("/", RESPOND_IN_DRIPS, OK_HEAD "Transfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n");
    run("/");
    expect_response(200, "fine");
}

static void endless_bodies_are_held_back(void **state UNUSED) {
    serve_in("/", RESPOND_AND_FLOOD, OK_HEAD "\r\n");
    seen.pause_at = AT_BODY;
    start("/");
    while (seen.bodies == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    for (int i = 0; i < 5; i++) {
        int bodies = seen.bodies;
        loop_run_pending(loop); // would not end if all were read
        assert_int_equal(seen.bodies, bodies);
        assert_true(fetch->held.length <= 65536);
        http_fetch_resume(fetch);
        while (seen.bodies == bodies)
            uv_run(loop_uv(loop), UV_RUN_ONCE);
    }
    http_fetch_cancel(fetch);
}

static void fetch_may_be_paused_from_the_start(void **state UNUSED) {
    serve("/", OK_RESPONSE);
    start("/");
    http_fetch_pause(fetch);
    while (server.count == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    expect_nothing();
    http_fetch_resume(fetch);
    loop_run(loop);
    expect_response(200, "fine");
}

// --- bad servers ---

static void plain_servers_are_no_tls(void **state UNUSED) {
    AUTO_FREE char *url = url_of("/");
    tls_context_release(TAKE(server.tls));
    server.greeting = "HTTP/1.1 400 Bad Request\r\n\r\n";
    run_request(&(struct http_fetch_request){.url = url});
    expect_error(url, ERROR_CONNECTION, "http: server gave HTTP response to HTTPS client");
}

static void handshake_may_be_cut(void **state UNUSED) {
    AUTO_FREE char *url = url_of("/");
    tls_context_release(TAKE(server.tls));
    start_request(&(struct http_fetch_request){.url = url});
    while (server.count == 0 || server.connections[0].request.length == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    stream_destroy(TAKE(server.connections[0].stream));
    loop_run(loop);
    expect_error(url, ERROR_CONNECTION, "unexpected EOF");
}

static void stalled_handshake_meets_the_deadline(void **state UNUSED) {
    AUTO_FREE char *url = url_of("/");
    tls_context_release(TAKE(server.tls));
    run_request(&(struct http_fetch_request){.url = url, .deadline_ns = 50 * NS_PER_MS});
    expect_error(url, ERROR_TIMEOUT, "context deadline exceeded");
}

static void start_on_test_clock(const char *url) {
    loop_use_test_clock(loop);
    start_request(&(struct http_fetch_request){.url = url});
    while (fetch->state != FETCH_IN_HEAD)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static void stalled_handshake_has_a_deadline_of_its_own(void **state UNUSED) {
    AUTO_FREE char *url = url_of("/");
    tls_context_release(TAKE(server.tls));
    start_on_test_clock(url);
    loop_advance(loop, 10 * NS_PER_S - NS_PER_MS);
    expect_nothing();
    loop_advance(loop, NS_PER_MS);
    loop_run_pending(loop);
    expect_error(url, ERROR_TIMEOUT, "net/http: TLS handshake timeout");
}

static void slow_responses_are_no_stalled_handshake(void **state UNUSED) {
    AUTO_FREE char *url = url_of("/");
    serve_in("/", RESPOND_AND_STAY, NULL);
    start_on_test_clock(url);
    while (server.count == 0 || !server.connections[0].has_responded)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    loop_advance(loop, 60 * NS_PER_S);
    expect_nothing();
    http_fetch_cancel(fetch);
}

static void cut_bodies_are_errors(void **state UNUSED) {
    serve_in("/short", RESPOND_AND_CUT, OK_HEAD "Content-Length: 5\r\n\r\nfine");
    serve_in("/whole", RESPOND_AND_CUT, OK_RESPONSE);
    serve_in("/open", RESPOND_AND_CUT, OK_HEAD "\r\nfine");
    serve("/ended", OK_HEAD "\r\nfine");
    run("/short");
    expect_error("/short", ERROR_CONNECTION, "unexpected EOF");
    forget_seen();
    run("/whole");
    expect_response(200, "fine");
    // Without a length, only the end of TLS shows that nothing is missing.
    forget_seen();
    run("/open");
    expect_error("/open", ERROR_CONNECTION, "unexpected EOF");
    forget_seen();
    run("/ended");
    expect_response(200, "fine");
}

static void no_response_is_an_error(void **state UNUSED) {
    serve("/", "");
    run("/");
    expect_error("/", ERROR_CONNECTION, "EOF");
}

static void client_may_go_at_any_moment(void **state UNUSED) {
    static const enum moment moments[] = {AT_HEAD, AT_BODY, AT_END};
    serve("/", OK_RESPONSE);
    for (size_t i = 0; i < ARRAY_COUNT(moments); i++) {
        forget_seen();
        seen.destroy_at = moments[i];
        run("/");
        client = http_client_create(loop, connector, proxies);
    }
    assert_int_equal(server.count, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SECURE_TEST(fetches_over_tls),
        SECURE_TEST(tls_is_ended),
        SECURE_TEST(large_bodies_pass),
        SECURE_TEST(drips_are_joined),
        SECURE_TEST(endless_bodies_are_held_back),
        SECURE_TEST(fetch_may_be_paused_from_the_start),
        SECURE_TEST(plain_servers_are_no_tls),
        SECURE_TEST(handshake_may_be_cut),
        SECURE_TEST(stalled_handshake_meets_the_deadline),
        SECURE_TEST(stalled_handshake_has_a_deadline_of_its_own),
        SECURE_TEST(slow_responses_are_no_stalled_handshake),
        SECURE_TEST(cut_bodies_are_errors),
        SECURE_TEST(no_response_is_an_error),
        SECURE_TEST(client_may_go_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

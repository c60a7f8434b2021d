// SPDX-License-Identifier: GPL-3.0-or-later
// The server of the fixture is the proxy, and the server at the other end of its tunnels.
#include "tls_fixture.h"

#include "http_client_fixture.h"

#define OK_RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
#define OPENED "HTTP/1.1 200 Connection established\r\n\r\n"

static int open_proxy(void **state) {
    open_trust();
    if (open_client(state) != 0)
        return -1;
    server.tls_in_tunnels = make_good_server();
    AUTO_FREE char *proxy = memory_printf("http://user:pass%%20word@127.0.0.1:%u", server.port);
    use_proxies(NULL, proxy, "one.test");
    return 0;
}

static int close_proxy(void **state) {
    tls_context_release(server.tls_in_tunnels);
    int status = close_client(state);
    close_trust();
    return status;
}

static void run_url(const char *url) {
    forget_seen();
    run_request(&(struct http_fetch_request){.url = url});
}

static void fetches_through_a_tunnel(void **state UNUSED) {
    static const struct http_fetch_header header = {"X-Colour", "green"};
    serve_in("two.test:443", RESPOND_AND_TUNNEL, OPENED);
    serve("/x?y", OK_RESPONSE);
    run_request(&(struct http_fetch_request){.method = "POST",
                                             .url = "https://v:w@two.test/x?y#z",
                                             .headers = &header,
                                             .header_count = 1,
                                             .user_agent = "tester/1",
                                             .body = "data",
                                             .body_length = 4});
    expect_response(200, "fine");
    assert_string_equal(request_of(0), "CONNECT two.test:443 HTTP/1.1\r\nHost: two.test:443\r\n"
                                       "User-Agent: Go-http-client/1.1\r\n"
                                       "Proxy-Authorization: Basic dXNlcjpwYXNzIHdvcmQ=\r\n\r\n"
                                       "POST /x?y HTTP/1.1\r\nHost: two.test\r\nUser-Agent: tester/1\r\n"
                                       "Content-Length: 4\r\nX-Colour: green\r\nAuthorization: Basic djp3\r\n"
                                       "Connection: close\r\n\r\ndata");
    assert_int_equal(server.count, 1);
}

static void ports_and_addresses_are_passed_on(void **state UNUSED) {
    serve_in("two.test:8443", RESPOND_AND_TUNNEL, OPENED);
    serve_in("[2001:db8::1]:443", RESPOND_AND_TUNNEL, "HTTP/1.0 200\r\nX: y\r\n\r\n");
    serve("/", OK_RESPONSE);
    run_url("https://two.test:8443/");
    expect_response(200, "fine");
    expect_in_request(0, "\r\nHost: two.test:8443\r\n");
    run_url("https://[2001:db8::1]/");
    expect_response(200, "fine");
    expect_in_request(1, "\r\n\r\nGET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n");
}

static void response_may_drip(void **state UNUSED) {
    serve_in("two.test:443", RESPOND_IN_DRIPS, "HTTP/1.1 404 Not here\r\nContent-Length: 10\r\n\r\n1234567890");
    run_url("https://two.test/");
    expect_error("https://two.test/", ERROR_CONNECTION, "Not here");
}

static void servers_are_verified(void **state UNUSED) {
    serve_in("three.test:443", RESPOND_AND_TUNNEL, OPENED);
    run_url("https://three.test/");
    assert_non_null(strstr(seen.message, "x509: certificate is valid for one.test, two.test, not three.test"));
}

static void others_need_no_tunnel(void **state UNUSED) {
    serve("/plain", OK_RESPONSE);
    run("/plain");
    expect_response(200, "fine");
    // Excluded by NO_PROXY.
    server.tls = server.tls_in_tunnels;
    serve("/direct", OK_RESPONSE);
    AUTO_FREE char *url = memory_printf("https://one.test:%u/direct", server.port);
    run_url(url);
    expect_response(200, "fine");
    expect_in_request(1, "GET /direct HTTP/1.1\r\n");
    expect_not_in_request(1, "Proxy-Authorization");
}

static void expect_failure(const char *response, const char *message) {
    AUTO_FREE char *host = memory_printf("host%zu.test", server.count);
    AUTO_FREE char *target = memory_printf("%s:443", host);
    AUTO_FREE char *url = memory_printf("https://%s/", host);
    serve(target, response);
    run_url(url);
    expect_error(url, ERROR_CONNECTION, message);
    assert_int_equal(seen.heads, 0);
}

static void refusals_are_errors(void **state UNUSED) {
    expect_failure("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\nno",
                   "Proxy Authentication Required");
    expect_failure("HTTP/1.1 302 Found\r\nLocation: http://h/\r\n\r\n", "Found");
    expect_failure("HTTP/1.1 502\r\n\r\n", "unknown status code");
    expect_failure("", "EOF");
    expect_failure("HTTP/1.1 200 O", "unexpected EOF");
    expect_failure("SSH-2.0-x\r\n\r\n",
                   "net/http: HTTP/1.x transport connection broken: malformed HTTP response \"SSH-2.0-x\"");
}

static void long_reasons_are_cut(void **state UNUSED) {
    AUTO_FREE char *reason = memory_new(100000);
    memset(reason, 'x', 99999);
    AUTO_FREE char *response = memory_printf("HTTP/1.1 403 %s\r\n\r\n", reason);
    AUTO_FREE char *shown = memory_string_n(reason, FETCH_LINE_MAX);
    expect_failure(response, shown);
}

// What a proxy adds is not taken for the server's.
static void tunnels_begin_empty(void **state UNUSED) {
    expect_failure(OPENED OK_RESPONSE, "unexpected data behind the response of the proxy");
    expect_failure("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                   "unexpected data behind the response of the proxy");
}

static void unreachable_proxies_are_errors(void **state UNUSED) {
    use_proxies(NULL, "127.0.0.1:1", NULL);
    run_url("https://two.test/");
    expect_error("https://two.test/", ERROR_CONNECTION,
                 "proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused");
}

static void silent_proxies_meet_the_deadline(void **state UNUSED) {
    serve_in("two.test:443", RESPOND_AND_STAY, NULL);
    run_request(&(struct http_fetch_request){.url = "https://two.test/", .deadline_ns = 100 * NS_PER_MS});
    expect_error("https://two.test/", ERROR_TIMEOUT, "context deadline exceeded");
}

static void silent_servers_meet_the_deadline(void **state UNUSED) {
    serve_in("two.test:443", RESPOND_AND_STAY, OPENED);
    run_request(&(struct http_fetch_request){.url = "https://two.test/", .deadline_ns = 100 * NS_PER_MS});
    expect_error("https://two.test/", ERROR_TIMEOUT, "context deadline exceeded");
}

static void fetch_may_be_paused_or_cancelled(void **state UNUSED) {
    serve_in("two.test:443", RESPOND_AND_TUNNEL, OPENED);
    serve("/", OK_RESPONSE);
    start_request(&(struct http_fetch_request){.url = "https://two.test/"});
    while (fetch->state != FETCH_TUNNELLING)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    http_fetch_pause(fetch);
    expect_nothing();
    http_fetch_resume(fetch);
    loop_run(loop);
    expect_response(200, "fine");
    forget_seen();
    start_request(&(struct http_fetch_request){.url = "https://two.test/"});
    while (fetch->state != FETCH_TUNNELLING)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    http_fetch_cancel(fetch);
    expect_nothing();
}

int main(void) {
#define PROXY_TEST(name) cmocka_unit_test_setup_teardown(name, open_proxy, close_proxy)
    const struct CMUnitTest tests[] = {
        PROXY_TEST(fetches_through_a_tunnel),
        PROXY_TEST(ports_and_addresses_are_passed_on),
        PROXY_TEST(response_may_drip),
        PROXY_TEST(servers_are_verified),
        PROXY_TEST(others_need_no_tunnel),
        PROXY_TEST(refusals_are_errors),
        PROXY_TEST(long_reasons_are_cut),
        PROXY_TEST(tunnels_begin_empty),
        PROXY_TEST(unreachable_proxies_are_errors),
        PROXY_TEST(silent_proxies_meet_the_deadline),
        PROXY_TEST(silent_servers_meet_the_deadline),
        PROXY_TEST(fetch_may_be_paused_or_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

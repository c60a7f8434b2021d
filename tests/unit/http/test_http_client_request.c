// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_client_fixture.h"

#define OK_RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"

static void sends_a_plain_request(void **state UNUSED) {
    serve("/a%2Fb?c=d%20e", OK_RESPONSE);
    run("/a%2Fb?c=d%20e#f");
    AUTO_FREE char *expected = memory_printf("GET /a%%2Fb?c=d%%20e HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                                             "User-Agent: Go-http-client/1.1\r\nConnection: close\r\n\r\n",
                                             server.port);
    assert_string_equal(request_of(0), expected);
}

static void sends_headers_and_body(void **state UNUSED) {
    static const struct http_fetch_header headers[] = {
        {"X-Colour", "green"},  {"Content-Type", "text/plain"}, {"content-length", "77"},
        {"Host", "other.host"}, {"Connection", "keep-alive"},   {"Transfer-Encoding", "chunked"},
        {"X-Empty", ""},        {"x-odd-CASE_2a", " v w \t"},
    };
    serve("/", OK_RESPONSE);
    AUTO_FREE char *url = url_of("/");
    run_request(&(struct http_fetch_request){.method = "POST",
                                             .url = url,
                                             .headers = headers,
                                             .header_count = ARRAY_COUNT(headers),
                                             .user_agent = "tester/1",
                                             .body = "a\0b",
                                             .body_length = 3});
    AUTO_FREE char *expected = memory_printf(
        "POST / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: tester/1\r\nContent-Length: 3\r\n"
        "X-Colour: green\r\nContent-Type: text/plain\r\nX-Empty: \r\nX-Odd-Case_2a: v w\r\nConnection: close\r\n\r\na",
        server.port);
    assert_string_equal(request_of(0), expected);
    assert_memory_equal(request_of(0) + strlen(expected), "\0b", 3);
}

static void user_agent_may_be_a_header(void **state UNUSED) {
    struct http_fetch_header header = {"user-agent", "prober/9"};
    AUTO_FREE char *url = url_of("/");
    serve("/", OK_RESPONSE);
    struct http_fetch_request request = {.url = url, .headers = &header, .header_count = 1, .user_agent = "tester/1"};
    run_request(&request);
    expect_in_request(0, "\r\nUser-Agent: prober/9\r\n");
    expect_not_in_request(0, "tester");
    header.value = "";
    forget_seen();
    run_request(&request);
    expect_not_in_request(1, "gent");
}

static void some_methods_have_a_length_of_zero(void **state UNUSED) {
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE", "GET"};
    AUTO_FREE char *url = url_of("/");
    serve("/", OK_RESPONSE);
    for (size_t i = 0; i < ARRAY_COUNT(methods); i++) {
        forget_seen();
        run_request(&(struct http_fetch_request){.url = url, .method = methods[i]});
        if (i < 3)
            expect_in_request(i, "\r\nContent-Length: 0\r\n");
        else
            expect_not_in_request(i, "Content-Length");
    }
}

static void large_bodies_pass(void **state UNUSED) {
    enum { LENGTH = 5000000 };
    AUTO_FREE char *body = memory_new(LENGTH);
    memset(body, 'x', LENGTH);
    serve("/", OK_RESPONSE);
    AUTO_FREE char *url = url_of("/");
    run_request(&(struct http_fetch_request){.method = "PUT", .url = url, .body = body, .body_length = LENGTH});
    expect_response(200, "fine");
    expect_in_request(0, "\r\nContent-Length: 5000000\r\n");
    const char *sent = strstr(request_of(0), "\r\n\r\n") + 4;
    assert_int_equal(strlen(sent), LENGTH);
}

static void early_response_counts(void **state UNUSED) {
    enum { LENGTH = 20000000 };
    AUTO_FREE char *body = memory_new(LENGTH);
    serve_in("/", RESPOND_EARLY, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!");
    AUTO_FREE char *url = url_of("/");
    run_request(&(struct http_fetch_request){.method = "POST", .url = url, .body = body, .body_length = LENGTH});
    expect_response(413, "no!");
}

static void credentials_come_from_the_url(void **state UNUSED) {
    const struct http_fetch_header header = {"authorization", "Bearer x"};
    serve("/", OK_RESPONSE);
    AUTO_FREE char *url = memory_printf("http://Aladdin:open%%20sesame@127.0.0.1:%u/", server.port);
    struct http_fetch_request request = {.url = url};
    run_request(&request);
    expect_in_request(0, "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n");
    // Those of the caller come first.
    request.headers = &header;
    request.header_count = 1;
    forget_seen();
    run_request(&request);
    expect_in_request(1, "\r\nAuthorization: Bearer x\r\n");
    expect_not_in_request(1, "Basic");
    forget_seen();
    AUTO_FREE char *user_only = memory_printf("http://u@127.0.0.1:%u/", server.port);
    run_request(&(struct http_fetch_request){.url = user_only});
    expect_in_request(2, "\r\nAuthorization: Basic dTo=\r\n");
}

static void escapes_stay_escapes(void **state UNUSED) {
    serve("/a%0D%0AX:%20y?b%0D%0Ac", OK_RESPONSE);
    AUTO_FREE char *url = memory_printf("http://u%%0D%%0AX:p@127.0.0.1:%u/a%%0D%%0AX: y?b%%0D%%0Ac", server.port);
    run_request(&(struct http_fetch_request){.url = url});
    expect_response(200, "fine");
    expect_in_request(0, "\r\nAuthorization: Basic dQ0KWDpw\r\n");
    expect_not_in_request(0, "\r\nX");
}

// A proxy gets the target with its host, so that any host can be asked for.
static void check_host(const char *url, const char *host) {
    AUTO_FREE char *target = memory_printf("http://%s/", host);
    AUTO_FREE char *line = memory_printf("\r\nHost: %s\r\n", host);
    serve(target, OK_RESPONSE);
    forget_seen();
    run_request(&(struct http_fetch_request){.url = url});
    expect_response(200, "fine");
    expect_in_request(server.count - 1, line);
}

static void hosts_are_sent_as_written(void **state UNUSED) {
    AUTO_FREE char *proxy = memory_printf("127.0.0.1:%u", server.port);
    use_proxies(proxy, NULL, NULL);
    check_host("http://two.test", "two.test");
    check_host("http://two.test:/", "two.test");
    check_host("http://two.test:80/", "two.test:80");
    check_host("http://u:p@two.test:8080/", "two.test:8080");
    check_host("http://[2001:db8::1]/", "[2001:db8::1]");
    check_host("http://[2001:db8::1]:81/", "[2001:db8::1]:81");
    check_host("http://[fe80::1%25eth0]:82/", "[fe80::1]:82"); // a zone is of this machine
}

static void ipv6_addresses_are_connected_to(void **state UNUSED) {
    run_request(&(struct http_fetch_request){.url = "http://[::1]:1/"});
    // What comes behind depends on the machine.
    assert_true(text_has_prefix(seen.message, "Get \"http://[::1]:1/\": dial tcp [::1]:1: "));
}

// --- proxies ---

static void proxies_get_the_absolute_form(void **state UNUSED) {
    AUTO_FREE char *proxy = memory_printf("http://u:p@127.0.0.1:%u", server.port);
    use_proxies(proxy, NULL, NULL);
    serve("http://two.test:81/x?y", OK_RESPONSE);
    run_request(&(struct http_fetch_request){.url = "http://v:w@two.test:81/x?y#z"});
    expect_response(200, "fine");
    assert_string_equal(request_of(0), "GET http://two.test:81/x?y HTTP/1.1\r\nHost: two.test:81\r\n"
                                       "User-Agent: Go-http-client/1.1\r\nAuthorization: Basic djp3\r\n"
                                       "Proxy-Authorization: Basic dTpw\r\nConnection: close\r\n\r\n");
}

static void the_proxy_comes_from_the_environment(void **state UNUSED) {
    AUTO_FREE char *proxy = memory_printf("http://127.0.0.1:%u", server.port);
    (void)unsetenv("REQUEST_METHOD");
    (void)setenv("HTTP_PROXY", proxy, 1);
    (void)setenv("NO_PROXY", "one.test", 1);
    use_proxy_settings(proxy_settings_from_environment());
    serve("http://two.test/x?y", OK_RESPONSE);
    serve("/direct", OK_RESPONSE);
    run_request(&(struct http_fetch_request){.url = "http://two.test/x?y"});
    expect_response(200, "fine");
    expect_in_request(0, "GET http://two.test/x?y HTTP/1.1\r\nHost: two.test\r\n");
    forget_seen();
    AUTO_FREE char *url = memory_printf("http://one.test:%u/direct", server.port);
    run_request(&(struct http_fetch_request){.url = url});
    expect_response(200, "fine");
    expect_in_request(1, "GET /direct HTTP/1.1\r\n");
    (void)unsetenv("HTTP_PROXY");
    (void)unsetenv("NO_PROXY");
}

static void excluded_hosts_are_reached_directly(void **state UNUSED) {
    use_proxies("http://127.0.0.1:1", NULL, "one.test");
    serve("/x", OK_RESPONSE);
    AUTO_FREE char *url = memory_printf("http://www.one.test:%u/x", server.port);
    run_request(&(struct http_fetch_request){.url = url});
    expect_response(200, "fine");
    expect_in_request(0, "GET /x HTTP/1.1\r\n");
    // As are loopback addresses, without being named.
    forget_seen();
    run("/x");
    expect_response(200, "fine");
}

static void proxies_that_fail_are_errors(void **state UNUSED) {
    use_proxies("http://127.0.0.1:1", NULL, NULL);
    run_request(&(struct http_fetch_request){.url = "http://two.test/"});
    expect_error("http://two.test/", ERROR_CONNECTION,
                 "proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused");
    use_proxies("socks5://127.0.0.1:1", "https://127.0.0.1:1", NULL);
    forget_seen();
    run_request(&(struct http_fetch_request){.url = "http://two.test/"});
    expect_error("http://two.test/", ERROR_BAD_REQUEST, "unsupported proxy scheme \"socks5\"");
    forget_seen();
    run_request(&(struct http_fetch_request){.url = "https://two.test/"});
    expect_error("https://two.test/", ERROR_BAD_REQUEST, "unsupported proxy scheme \"https\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(sends_a_plain_request),
        TEST(sends_headers_and_body),
        TEST(user_agent_may_be_a_header),
        TEST(some_methods_have_a_length_of_zero),
        TEST(large_bodies_pass),
        TEST(early_response_counts),
        TEST(credentials_come_from_the_url),
        TEST(escapes_stay_escapes),
        TEST(hosts_are_sent_as_written),
        TEST(ipv6_addresses_are_connected_to),
        TEST(proxies_get_the_absolute_form),
        TEST(the_proxy_comes_from_the_environment),
        TEST(excluded_hosts_are_reached_directly),
        TEST(proxies_that_fail_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

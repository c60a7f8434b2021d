// SPDX-License-Identifier: GPL-3.0-or-later
#include "tls_fixture.h"

#include "http_client_fixture.h"

#define OK_RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"

static void follows_a_chain(void **state UNUSED) {
    serve("/a", "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:PORT/b?c=d\r\nContent-Length: 3\r\n\r\nold");
    serve("/b?c=d", "HTTP/1.1 302 Found\r\nLocation: /e/f\r\n\r\n");
    serve("/e/f", "HTTP/1.1 308 Moved\r\nLocation: ../g/./h?i#j\r\n\r\n");
    serve("/g/h?i", OK_RESPONSE);
    run("/a");
    expect_response(200, "fine");
    assert_int_equal(server.count, 4);
    AUTO_FREE char *referer = memory_printf("\r\nReferer: http://127.0.0.1:%u/b?c=d\r\n", server.port);
    expect_not_in_request(0, "Referer");
    expect_in_request(2, referer);
}

static void reads_redirects_in_drips(void **state UNUSED) {
    serve_in("/a", RESPOND_IN_DRIPS, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 307 Moved\r\nLocation: b\r\n\r\nbody");
    serve_in("/b", RESPOND_IN_DRIPS, OK_RESPONSE);
    run("/a");
    expect_response(200, "fine");
}

static void connection_of_a_redirect_is_closed(void **state UNUSED) {
    serve_in("/a", RESPOND_AND_STAY, "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 9\r\n\r\nold");
    serve("/b", OK_RESPONSE);
    run("/a");
    expect_response(200, "fine");
    while (!server.connections[0].has_ended)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static void loops_end(void **state UNUSED) {
    serve("/loop", "HTTP/1.1 302 Found\r\nLocation: /loop\r\n\r\n");
    run("/loop");
    assert_string_equal(seen.message, "Get \"/loop\": stopped after 10 redirects");
    assert_int_equal(seen.kind, ERROR_CONNECTION);
    assert_int_equal(seen.heads, 0);
    assert_int_equal(server.count, 10);
    forget_seen();
    AUTO_FREE char *url = url_of("/loop");
    run_request(&(struct http_fetch_request){.url = url, .redirects_max = 2});
    assert_string_equal(seen.message, "Get \"/loop\": stopped after 2 redirects");
    assert_int_equal(server.count, 12);
}

static void other_statuses_are_responses(void **state UNUSED) {
    serve("/300", "HTTP/1.1 300 Multiple Choices\r\nLocation: /x\r\n\r\nchoose");
    serve("/304", "HTTP/1.1 304 Not Modified\r\nLocation: /x\r\n\r\n");
    serve("/305", "HTTP/1.1 305 Use Proxy\r\nLocation: /x\r\n\r\nproxy");
    serve("/201", "HTTP/1.1 201 Created\r\nLocation: /x\r\n\r\nmade");
    run("/300");
    expect_response(300, "choose");
    forget_seen();
    run("/304");
    expect_response(304, "");
    forget_seen();
    run("/305");
    expect_response(305, "proxy");
    forget_seen();
    run("/201");
    expect_response(201, "made");
    assert_int_equal(server.count, 4);
}

static void redirects_to_nowhere_are_responses(void **state UNUSED) {
    serve("/none", "HTTP/1.1 302 Found\r\n\r\nwhere?");
    serve("/empty", "HTTP/1.1 307 Moved\r\nLocation:\r\n\r\nhow?");
    run("/none");
    expect_response(302, "where?");
    forget_seen();
    run("/empty");
    expect_response(307, "how?");
    assert_int_equal(server.count, 2);
}

static void bad_locations_are_errors(void **state UNUSED) {
    serve("/bad", "HTTP/1.1 302 Found\r\nLocation: http://h:x/\r\n\r\n");
    serve("/ftp", "HTTP/1.1 302 Found\r\nLocation: ftp://h/y\r\n\r\n");
    run("/bad");
    expect_error(
        "/bad", ERROR_CONNECTION,
        "failed to parse Location header \"http://h:x/\": parse \"http://h:x/\": invalid port \":x\" after host");
    forget_seen();
    run("/ftp");
    expect_error("ftp://h/y", ERROR_BAD_REQUEST, "unsupported protocol scheme \"ftp\"");
}

// --- methods and bodies ---

static void check_method(int status, const char *method, const char *expected, bool keeps_body) {
    const struct http_fetch_header headers[] = {{"Content-Type", "text/plain"}, {"X-Kept", "yes"}};
    AUTO_FREE char *target = memory_printf("/%d%s", status, method);
    AUTO_FREE char *response = memory_printf("HTTP/1.1 %d Moved\r\nLocation: /to\r\n\r\n", status);
    AUTO_FREE char *url = url_of(target);
    serve(target, response);
    forget_seen();
    run_request(&(struct http_fetch_request){
        .method = method, .url = url, .headers = headers, .header_count = 2, .body = "data", .body_length = 4});
    assert_null(seen.message);
    size_t last = server.count - 1;
    AUTO_FREE char *line = memory_printf("%s /to HTTP/1.1\r\n", expected);
    assert_true(text_has_prefix(request_of(last), line));
    expect_in_request(last, "\r\nX-Kept: yes\r\n");
    if (keeps_body) {
        expect_in_request(last, "\r\nContent-Length: 4\r\n");
        expect_in_request(last, "\r\nContent-Type: text/plain\r\n");
        expect_in_request(last, "\r\n\r\ndata");
    } else {
        expect_not_in_request(last, "Content-");
        expect_not_in_request(last, "data");
    }
}

static void methods_change(void **state UNUSED) {
    serve("/to", OK_RESPONSE);
    check_method(301, "POST", "GET", false);
    check_method(302, "POST", "GET", false);
    check_method(303, "POST", "GET", false);
    check_method(302, "PUT", "GET", false);
    check_method(303, "DELETE", "GET", false);
    check_method(303, "HEAD", "HEAD", false);
    check_method(302, "GET", "GET", false);
    check_method(307, "POST", "POST", true);
    check_method(308, "PUT", "PUT", true);
}

// --- headers ---

static const struct http_fetch_header secrets[] = {
    {"Authorization", "Bearer secret"},
    {"cookie", "secret=1"},
    {"WWW-Authenticate", "secret"},
    {"X-Other", "open"},
};

static void run_with_secrets(const char *host, const char *target) {
    AUTO_FREE char *url = memory_printf("http://%s:%u%s", host, server.port, target);
    run_request(&(struct http_fetch_request){.url = url, .headers = secrets, .header_count = ARRAY_COUNT(secrets)});
    expect_response(200, "fine");
}

static void expect_secrets(size_t i, bool are_sent) {
    expect_in_request(i, "\r\nX-Other: open\r\n");
    if (!are_sent) {
        expect_not_in_request(i, "secret");
        return;
    }
    expect_in_request(i, "\r\nAuthorization: Bearer secret\r\n");
    expect_in_request(i, "\r\nCookie: secret=1\r\n");
    expect_in_request(i, "\r\nWww-Authenticate: secret\r\n");
}

static void secrets_stay_with_the_host(void **state UNUSED) {
    serve("/same", "HTTP/1.1 302 Found\r\nLocation: /below\r\n\r\n");
    serve("/below", "HTTP/1.1 302 Found\r\nLocation: http://www.ONE.test:PORT/other\r\n\r\n");
    serve("/other", "HTTP/1.1 302 Found\r\nLocation: http://notone.test:PORT/back\r\n\r\n");
    serve("/back", "HTTP/1.1 302 Found\r\nLocation: http://one.test:PORT/end\r\n\r\n");
    serve("/end", OK_RESPONSE);
    run_with_secrets("one.test", "/same");
    for (size_t i = 0; i < 3; i++)
        expect_secrets(i, true);
    expect_secrets(3, false);
    // A host that was left does not get them again: who redirects there is a stranger.
    expect_secrets(4, false);
}

static void addresses_are_below_nothing(void **state UNUSED) {
    serve("/a", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:PORT/end\r\n\r\n");
    serve("/end", OK_RESPONSE);
    run_with_secrets("127.0.0.1", "/a");
    expect_secrets(0, true);
    expect_secrets(1, false);
}

static void credentials_of_the_url_stay_with_it(void **state UNUSED) {
    serve("/same", "HTTP/1.1 302 Found\r\nLocation: /other\r\n\r\n");
    serve("/other", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:PORT/own\r\n\r\n");
    serve("/own", "HTTP/1.1 302 Found\r\nLocation: http://v:w@127.0.0.2:PORT/end\r\n\r\n");
    serve("/end", OK_RESPONSE);
    AUTO_FREE char *url = memory_printf("http://u:p@127.0.0.1:%u/same", server.port);
    run_request(&(struct http_fetch_request){.url = url});
    expect_response(200, "fine");
    expect_in_request(0, "\r\nAuthorization: Basic dTpw\r\n");
    expect_in_request(1, "\r\nAuthorization: Basic dTpw\r\n");
    expect_not_in_request(2, "Authorization");
    expect_in_request(3, "\r\nAuthorization: Basic djp3\r\n");
    for (size_t i = 0; i < 4; i++)
        expect_not_in_request(i, "u:p");
}

static void password_is_not_shown(void **state UNUSED) {
    serve("/x", "HTTP/1.1 302 Found\r\nLocation: y\r\n\r\n");
    serve("/y", "");
    AUTO_FREE char *url = memory_printf("http://u:secret@127.0.0.1:%u/x", server.port);
    run_request(&(struct http_fetch_request){.url = url});
    AUTO_FREE char *shown = memory_printf("http://u:***@127.0.0.1:%u/y", server.port);
    expect_error(shown, ERROR_CONNECTION, "EOF");
}

static void referer_of_the_caller_is_kept(void **state UNUSED) {
    const struct http_fetch_header header = {"Referer", "http://home/"};
    serve("/a", "HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n");
    serve("/b", OK_RESPONSE);
    AUTO_FREE char *url = url_of("/a");
    run_request(&(struct http_fetch_request){.url = url, .headers = &header, .header_count = 1});
    expect_in_request(1, "\r\nReferer: http://home/\r\n");
    expect_not_in_request(1, "/a");
}

static void each_hop_has_its_proxy(void **state UNUSED) {
    AUTO_FREE char *proxy = memory_printf("127.0.0.1:%u", server.port);
    use_proxies(proxy, NULL, "one.test");
    serve("http://two.test/a", "HTTP/1.1 302 Found\r\nLocation: http://one.test:PORT/b\r\n\r\n");
    serve("/b", "HTTP/1.1 302 Found\r\nLocation: http://two.test/c\r\n\r\n");
    serve("http://two.test/c", OK_RESPONSE);
    run_request(&(struct http_fetch_request){.url = "http://two.test/a"});
    expect_response(200, "fine");
    assert_int_equal(server.count, 3);
}

static void schemes_may_change(void **state UNUSED) {
    open_trust();
    server.tls_in_tunnels = make_good_server();
    AUTO_FREE char *proxy = memory_printf("127.0.0.1:%u", server.port);
    use_proxies(NULL, proxy, NULL);
    serve("/a", "HTTP/1.1 302 Found\r\nLocation: https://two.test/b\r\n\r\n");
    serve_in("two.test:443", RESPOND_AND_TUNNEL, "HTTP/1.1 200 OK\r\n\r\n");
    serve("/b", "HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:PORT/c\r\n\r\n");
    serve("/c", OK_RESPONSE);
    run("/a");
    expect_response(200, "fine");
    assert_int_equal(server.count, 3);
    AUTO_FREE char *referer = memory_printf("\r\nReferer: http://127.0.0.1:%u/a\r\n", server.port);
    expect_in_request(1, referer);
    expect_not_in_request(2, "Referer");
    tls_context_release(server.tls_in_tunnels);
    close_trust();
}

static void may_be_cancelled_between_hops(void **state UNUSED) {
    serve("/a", "HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n");
    serve("/b", OK_RESPONSE);
    start("/a");
    while (fetch->hop_count < 2)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    http_fetch_cancel(fetch);
    expect_nothing();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(follows_a_chain),
        TEST(reads_redirects_in_drips),
        TEST(connection_of_a_redirect_is_closed),
        TEST(loops_end),
        TEST(other_statuses_are_responses),
        TEST(redirects_to_nowhere_are_responses),
        TEST(bad_locations_are_errors),
        TEST(methods_change),
        TEST(secrets_stay_with_the_host),
        TEST(addresses_are_below_nothing),
        TEST(credentials_of_the_url_stay_with_it),
        TEST(password_is_not_shown),
        TEST(referer_of_the_caller_is_kept),
        TEST(each_hop_has_its_proxy),
        TEST(schemes_may_change),
        TEST(may_be_cancelled_between_hops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

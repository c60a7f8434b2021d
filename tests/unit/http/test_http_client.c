// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_client_fixture.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define OK_RESPONSE OK_HEAD "Content-Length: 4\r\n\r\nfine"

// --- connecting ---

static void fetches_a_page(void **state UNUSED) {
    serve("/page?q=1", OK_RESPONSE);
    run("/page?q=1");
    expect_response(200, "fine");
    assert_int_equal(server.count, 1);
}

static void connection_is_closed_at_the_end(void **state UNUSED) {
    serve_in("/", RESPOND_AND_STAY, OK_RESPONSE);
    run("/");
    expect_response(200, "fine");
    while (!server.connections[0].has_ended)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
}

static void refused_connection_is_an_error(void **state UNUSED) {
    (void)uv_poll_stop(&server.poll);
    (void)close(server.fd);
    server.fd = -1;
    run("/x");
    AUTO_FREE char *message = memory_printf("dial tcp 127.0.0.1:%u: connect: connection refused", server.port);
    expect_error("/x", ERROR_CONNECTION, message);
    assert_int_equal(seen.errnum, ECONNREFUSED);
}

static void unknown_host_is_an_error(void **state UNUSED) {
    run_request(&(struct http_fetch_request){.url = "http://two.test"});
    expect_error("http://two.test", ERROR_CONNECTION, "dial tcp: lookup two.test: no such host");
}

static void names_are_resolved(void **state UNUSED) {
    serve("/", OK_RESPONSE);
    AUTO_FREE char *url = memory_printf("http://one.test:%u", server.port);
    run_request(&(struct http_fetch_request){.url = url});
    expect_response(200, "fine");
    AUTO_FREE char *host = memory_printf("\r\nHost: one.test:%u\r\n", server.port);
    expect_in_request(0, host);
}

// --- requests that cannot be sent ---

static void bad_requests_are_errors(void **state UNUSED) {
    static const struct {
        const char *method, *url, *message;
        struct http_fetch_header header;
        enum error_kind kind;
    } cases[] = {
        {"GET", "http://h:x/", "parse \"http://h:x/\": invalid port \":x\" after host", {"A", "b"}, ERROR_BAD_REQUEST},
        {"G T", "http://h/", "net/http: invalid method \"G T\"", {"A", "b"}, ERROR_BAD_REQUEST},
        {"GET\r\nX:", "http://h/", "net/http: invalid method \"GET\\r\\nX:\"", {"A", "b"}, ERROR_BAD_REQUEST},
        {"PUT", "ftp://h/", "Put \"ftp://h/\": unsupported protocol scheme \"ftp\"", {"A", "b"}, ERROR_BAD_REQUEST},
        {"GET", "h/x", "Get \"h/x\": unsupported protocol scheme \"\"", {"A", "b"}, ERROR_BAD_REQUEST},
        {"GET",
         "http://h/",
         "Get \"http://h/\": net/http: invalid header field name \"A:\"",
         {"A:", "b"},
         ERROR_BAD_REQUEST},
        {"GET",
         "http://h/",
         "Get \"http://h/\": net/http: invalid header field value for \"A\"",
         {"A", "b\r\nC: d"},
         ERROR_BAD_REQUEST},
        {"GET",
         "http://h/",
         "Get \"http://h/\": net/http: invalid header field name \"A\\r\\nB\"",
         {"A\r\nB", "c"},
         ERROR_BAD_REQUEST},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        forget_seen();
        run_request(&(struct http_fetch_request){
            .method = cases[i].method, .url = cases[i].url, .headers = &cases[i].header, .header_count = 1});
        assert_string_equal(seen.message, cases[i].message);
        assert_int_equal(seen.kind, cases[i].kind);
        assert_int_equal(seen.ends, 1);
    }
}

static void line_ends_are_not_passed_on(void **state UNUSED) {
    static const char *const urls[] = {
        "http://h/a\r\nX: y",  "http://h/?a\nX: y", "http://h\r\n/",
        "http://u\r\nX: y@h/", "http://h:80\n/",    "http\r\n://h/",
    };
    for (size_t i = 0; i < ARRAY_COUNT(urls); i++) {
        forget_seen();
        run_request(&(struct http_fetch_request){.url = urls[i]});
        AUTO_FREE char *quoted = text_quoted(urls[i]);
        AUTO_FREE char *message = memory_printf("parse %s: net/url: invalid control character in URL", quoted);
        assert_string_equal(seen.message, message);
        assert_int_equal(seen.kind, ERROR_BAD_REQUEST);
    }
    forget_seen();
    run_request(&(struct http_fetch_request){.url = "http://h/", .user_agent = "a\r\nX: y"});
    expect_error("http://h/", ERROR_BAD_REQUEST, "net/http: invalid header field value for \"User-Agent\"");
    forget_seen();
    run_request(&(struct http_fetch_request){.url = "http://h%0D%0A/"});
    assert_string_equal(seen.message, "parse \"http://h%0D%0A/\": invalid URL escape \"%0D\"");
}

// --- the deadline ---

static void silent_server_meets_the_deadline(void **state UNUSED) {
    serve_in("/", RESPOND_AND_STAY, NULL);
    AUTO_FREE char *url = url_of("/");
    int64_t began_ns = clock_monotonic_ns();
    run_request(&(struct http_fetch_request){.url = url, .deadline_ns = 50 * NS_PER_MS});
    assert_true(clock_monotonic_ns() - began_ns >= 50 * NS_PER_MS);
    expect_error("/", ERROR_TIMEOUT, "context deadline exceeded");
    assert_int_equal(seen.heads, 0);
}

static void deadline_may_be_the_end_of_time(void **state UNUSED) {
    serve("/", OK_HEAD "Content-Length: 2\r\n\r\nok");
    AUTO_FREE char *url = url_of("/");
    run_request(&(struct http_fetch_request){.url = url, .deadline_ns = INT64_MAX});
    expect_response(200, "ok");
}

static void deadline_counts_for_the_body(void **state UNUSED) {
    serve_in("/", RESPOND_AND_STAY, OK_HEAD "Content-Length: 5\r\n\r\nfine");
    AUTO_FREE char *url = url_of("/");
    run_request(&(struct http_fetch_request){.url = url, .deadline_ns = 300 * NS_PER_MS});
    expect_error("/", ERROR_TIMEOUT, "context deadline exceeded");
    assert_int_equal(seen.ends, 1);
}

static void deadline_counts_for_connecting(void **state UNUSED) {
    // A full queue: connections are not made.
    AUTO_FREE char *url = url_of("/");
    int fds[24];
    (void)uv_poll_stop(&server.poll);
    assert_int_equal(listen(server.fd, 0), 0);
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(server.port)};
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(fds[i], (const struct sockaddr *)&address, sizeof address);
    }
    run_request(&(struct http_fetch_request){.url = url, .deadline_ns = 30 * NS_PER_MS});
    expect_error("/", ERROR_TIMEOUT, "context deadline exceeded");
    // The connector finds first that the time is over.
    forget_seen();
    run_request(&(struct http_fetch_request){.url = url, .deadline_ns = 1});
    expect_error("/", ERROR_TIMEOUT, "context deadline exceeded");
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++)
        (void)close(fds[i]);
}

static void deadline_that_is_kept_is_nothing(void **state UNUSED) {
    serve("/", OK_RESPONSE);
    AUTO_FREE char *url = url_of("/");
    run_request(&(struct http_fetch_request){.url = url, .deadline_ns = 60 * NS_PER_S});
    expect_response(200, "fine");
}

// --- pausing ---

static void endless_body_can_be_paused(void **state UNUSED) {
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
        assert_int_equal(seen.bodies, bodies);
        while (seen.bodies == bodies)
            uv_run(loop_uv(loop), UV_RUN_ONCE);
        assert_int_equal(seen.bodies, bodies + 1);
    }
    http_fetch_cancel(fetch);
    assert_int_equal(seen.ends, 0);
}

static void pause_holds_what_came(void **state UNUSED) {
    serve("/", OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n");
    seen.pause_at = AT_HEAD;
    start("/");
    while (seen.heads == 0)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    loop_run_pending(loop);
    assert_int_equal(seen.bodies, 0);
    seen.pause_at = AT_BODY;
    for (int i = 1; i <= 3; i++) {
        http_fetch_resume(fetch);
        loop_run_pending(loop);
        assert_int_equal(seen.bodies, i);
        assert_int_equal(seen.ends, 0);
    }
    http_fetch_resume(fetch);
    loop_run(loop);
    expect_response(200, "abc");
}

static void may_be_paused_at_any_time(void **state UNUSED) {
    serve("/", OK_RESPONSE);
    start("/");
    http_fetch_pause(fetch);
    while (server.count == 0 || !server.connections[0].has_responded)
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    expect_nothing();
    http_fetch_resume(fetch);
    http_fetch_pause(fetch);
    expect_nothing();
    http_fetch_resume(fetch);
    http_fetch_resume(fetch);
    loop_run(loop);
    expect_response(200, "fine");
}

// --- handlers ---

static void handlers_may_be_missing(void **state UNUSED) {
    const struct http_fetch_handlers none = {0};
    AUTO_FREE char *url = url_of("/");
    serve("/", OK_RESPONSE);
    (void)http_fetch_start(client, &(struct http_fetch_request){.url = url}, &none, NULL);
    while (!list_is_empty(&client->fetches))
        uv_run(loop_uv(loop), UV_RUN_ONCE);
    http_client_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(fetches_a_page),
        TEST(connection_is_closed_at_the_end),
        TEST(refused_connection_is_an_error),
        TEST(unknown_host_is_an_error),
        TEST(names_are_resolved),
        TEST(bad_requests_are_errors),
        TEST(line_ends_are_not_passed_on),
        TEST(silent_server_meets_the_deadline),
        TEST(deadline_may_be_the_end_of_time),
        TEST(deadline_counts_for_the_body),
        TEST(deadline_counts_for_connecting),
        TEST(deadline_that_is_kept_is_nothing),
        TEST(endless_body_can_be_paused),
        TEST(pause_holds_what_came),
        TEST(may_be_paused_at_any_time),
        TEST(handlers_may_be_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

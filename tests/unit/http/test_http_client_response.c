// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_client_fixture.h"

#define BROKEN "net/http: HTTP/1.x transport connection broken: "

static void reads_every_framing(void **state UNUSED) {
    static const char *const responses[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhello",
        "HTTP/1.0 200 OK\n\nhello",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
    };
    for (size_t i = 0; i < ARRAY_COUNT(responses); i++) {
        char whole[3] = {'/', (char)('a' + i), '\0'};
        char drips[3] = {'/', (char)('A' + i), '\0'};
        serve(whole, responses[i]);
        serve_in(drips, RESPOND_IN_DRIPS, responses[i]);
        forget_seen();
        run(whole);
        expect_response(200, "hello");
        forget_seen();
        run(drips);
        expect_response(200, "hello");
        assert_true(seen.bodies > 1);
    }
}

static void hands_over_status_and_headers(void **state UNUSED) {
    serve("/", "HTTP/1.1 503 Busy\r\nRetry-After: 5\r\nX: \r\n\r\nlater");
    run("/");
    expect_response(503, "later");
    assert_string_equal(buffer_text(&seen.headers), "Retry-After=5\nX=\n");
}

static void some_responses_have_no_body(void **state UNUSED) {
    serve_in("/head", RESPOND_AND_STAY, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    serve_in("/204", RESPOND_AND_STAY, "HTTP/1.1 204 No Content\r\n\r\n");
    serve_in("/304", RESPOND_AND_STAY, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
    serve_in("/empty", RESPOND_AND_STAY, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    serve_in("/101", RESPOND_AND_STAY, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n");
    AUTO_FREE char *url = url_of("/head");
    run_request(&(struct http_fetch_request){.method = "HEAD", .url = url});
    expect_response(200, "");
    forget_seen();
    run("/204");
    expect_response(204, "");
    forget_seen();
    run("/304");
    expect_response(304, "");
    forget_seen();
    run("/empty");
    expect_response(200, "");
    forget_seen();
    run("/101");
    expect_response(101, "");
}

static void large_bodies_pass(void **state UNUSED) {
    const size_t length = 3000000;
    AUTO_BUFFER struct buffer response = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_printf(&response, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
    for (size_t i = 0; i < length; i++)
        buffer_add_char(&response, (char)('a' + i % 23));
    serve("/", buffer_text(&response));
    run("/");
    expect_response(200, strstr(buffer_text(&response), "\r\n\r\n") + 4);
}

// --- connections that end too early ---

static void check_error(const char *response, enum manner manner, const char *message) {
    static char target[] = "/a";
    target[1]++;
    serve_in(target, manner, response);
    forget_seen();
    run(target);
    expect_error(target, ERROR_CONNECTION, message);
}

static void early_ends_are_errors(void **state UNUSED) {
    check_error("", RESPOND_AND_CLOSE, "EOF");
    check_error("HTTP/1.1 100 Continue\r\n\r\n", RESPOND_AND_CLOSE, "EOF");
    check_error("HTTP/1.1 200 OK\r\nA: b\r\n", RESPOND_AND_CLOSE, BROKEN "unexpected EOF");
    assert_int_equal(seen.heads, 0);
    check_error("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", RESPOND_AND_CLOSE, "unexpected EOF");
    assert_int_equal(seen.heads, 1);
    assert_string_equal(buffer_text(&seen.body), "hell");
    check_error("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello", RESPOND_AND_CLOSE, "unexpected EOF");
    check_error("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", RESPOND_AND_CLOSE,
                "unexpected EOF");
    check_error("HTTP/1.1 200 OK\r\nA", RESPOND_AND_RESET, "cannot read: connection reset by peer");
    assert_int_equal(seen.errnum, ECONNRESET);
}

// --- what is no response ---

static void malformed_responses_are_errors(void **state UNUSED) {
    check_error("SSH-2.0-OpenSSH\r\n", RESPOND_AND_STAY, BROKEN "malformed HTTP response \"SSH-2.0-OpenSSH\"");
    check_error("\x15\x03\x01\n", RESPOND_AND_STAY, BROKEN "malformed HTTP response \"\\x15\\x03\\x01\"");
    check_error("nonsense\n", RESPOND_IN_DRIPS, BROKEN "malformed HTTP response \"nonsense\"");
    check_error("HTTP/1.1 abc\r\n\r\n", RESPOND_AND_STAY, BROKEN "malformed HTTP response");
    check_error("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", RESPOND_AND_STAY, BROKEN "malformed HTTP response");
    check_error("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", RESPOND_AND_STAY, BROKEN "bad Content-Length");
    check_error("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", RESPOND_AND_STAY,
                BROKEN "unsupported transfer encoding");
    check_error("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx", RESPOND_AND_STAY,
                "invalid byte in chunk length");
    assert_int_equal(seen.heads, 1);
    AUTO_BUFFER struct buffer line = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 1000; i++)
        buffer_add_char(&line, 'x');
    AUTO_FREE char *message = memory_printf(BROKEN "malformed HTTP response \"%.128s\"", buffer_text(&line));
    buffer_add_char(&line, '\n');
    check_error(buffer_text(&line), RESPOND_AND_STAY, message);
}

static void heads_have_a_limit(void **state UNUSED) {
    AUTO_BUFFER struct buffer response = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&response, "HTTP/1.1 200 OK\r\nA: ");
    while (response.length < HTTP_HEAD_LIMIT_BYTES + 1)
        buffer_add_char(&response, 'x');
    serve_in("/", RESPOND_AND_STAY, buffer_text(&response));
    run("/");
    expect_error("/", ERROR_TOO_LARGE, "net/http: server response headers exceeded 1052672 bytes; aborted");
}

static void interim_responses_have_a_limit(void **state UNUSED) {
    AUTO_BUFFER struct buffer response = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 101; i++)
        buffer_add_string(&response, "HTTP/1.1 102 Processing\r\n\r\n");
    check_error(buffer_text(&response), RESPOND_AND_STAY, "net/http: too many 1xx informational responses");
    buffer_consume(&response, strlen("HTTP/1.1 102 Processing\r\n\r\n"));
    buffer_add_string(&response, "HTTP/1.1 200 OK\r\n\r\nfine");
    serve("/", buffer_text(&response));
    forget_seen();
    run("/");
    expect_response(200, "fine");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(reads_every_framing), TEST(hands_over_status_and_headers),  TEST(some_responses_have_no_body),
        TEST(large_bodies_pass),   TEST(early_ends_are_errors),          TEST(malformed_responses_are_errors),
        TEST(heads_have_a_limit),  TEST(interim_responses_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "probe_fixture.h"

#define HEAD(status) "HTTP/1.1 " status "\r\n"
#define BODY(length) "Content-Length: " #length "\r\n\r\n"

// The check of a target of the server; valid until the next call.
static const char *check_of(const char *target) {
    static char *yaml;
    free(yaml);
    yaml = memory_printf("http: {url: 'http://127.0.0.1:%u%s'}", server.port, target);
    return yaml;
}

static void expect(const char *target, const char *failure) {
    expect_result(check_of(target), failure);
}

static void status_2xx_passes(void **state UNUSED) {
    serve("/ok", HEAD("200 OK") BODY(4) "fine");
    serve("/empty", HEAD("204 No Content") "\r\n");
    serve("/odd", HEAD("299 Odd") BODY(1) "x");
    expect("/ok", "passed");
    expect("/empty", "passed");
    expect("/odd", "passed");
}

static void other_statuses_fail_with_the_body(void **state UNUSED) {
    serve("/multiple", HEAD("300 Choices") BODY(0));
    serve("/cached", HEAD("304 Not Modified") "\r\n");
    serve("/missing", HEAD("404 Not Found") BODY(16) "  no such page \n");
    serve("/lines", HEAD("500 Broken") BODY(13) "a\nb\nc\nd\ne\nf\ng");
    serve("/five", HEAD("500 Broken") BODY(10) "a\nb\nc\nd\ne\n");
    expect("/multiple", "non-2xx status code 300|");
    expect("/cached", "non-2xx status code 304|");
    expect("/missing", "non-2xx status code 404|no such page");
    expect("/lines", "non-2xx status code 500|a\nb\nc\nd\ne\n(...)");
    expect("/five", "non-2xx status code 500|a\nb\nc\nd\ne");
}

static void a_body_that_is_cut_off_is_reported(void **state UNUSED) {
    serve("/cut", HEAD("502 Cut") BODY(50) "half");
    serve("/none", HEAD("502 Cut") BODY(50));
    serve("/chunk", HEAD("502 Cut") "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n!");
    expect("/cut", "non-2xx status code 502|cannot read response: unexpected EOF");
    expect("/none", "non-2xx status code 502|cannot read response: unexpected EOF");
    expect("/chunk", "non-2xx status code 502|cannot read response: invalid byte in chunk length");
}

static void a_body_is_read_up_to_a_limit(void **state UNUSED) {
    serve_in("/flood", RESPOND_AND_FLOOD, HEAD("503 Busy") BODY(99999999) "flood");
    serve_in("/fine", RESPOND_AND_FLOOD, HEAD("200 OK") BODY(99999999) "flood");
    run_probe_within(check_of("/flood"), 60000);
    assert_true(text_has_prefix(result.failure, "non-2xx status code 503|flood\xEF\xBF\xBD"));
    assert_int_equal(strlen(strchr(result.failure, '|') + 1), 5 + 3 * (512 - 5));
    expect("/fine", "passed");
}

static void targets_that_never_finish_are_cancelled(void **state UNUSED) {
    serve_in("/mute", RESPOND_AND_STAY, NULL);
    serve_in("/half", RESPOND_AND_STAY, HEAD("200 OK"));
    serve_in("/slow", RESPOND_AND_STAY, HEAD("500 Slow") BODY(100) "a");
    expect_timeout(check_of("/mute"), 50);
    expect_timeout(check_of("/half"), 50);
    expect_timeout(check_of("/slow"), 50);
}

static void redirects_are_followed_but_not_for_ever(void **state UNUSED) {
    serve("/moved", HEAD("302 Found") "Location: /good\r\n" BODY(0));
    serve("/good", HEAD("200 OK") BODY(0));
    serve("/loop", HEAD("302 Found") "Location: /loop\r\n" BODY(0));
    expect("/moved", "passed");
    expect("/loop", "Get \"/loop\": stopped after 10 redirects|");
}

static void headers_are_sent(void **state UNUSED) {
    serve("/", HEAD("200 OK") BODY(0));
    AUTO_FREE char *yaml = memory_printf(
        "http: {url: 'http://127.0.0.1:%u/', headers: {X-Colour: green, User-Agent: prober/9}}", server.port);
    expect_result(yaml, "passed");
    expect_in_request(0, "GET / HTTP/1.1\r\n");
    expect_in_request(0, "\r\nX-Colour: green\r\n");
    expect_in_request(0, "\r\nUser-Agent: prober/9\r\n");
}

static void failures_are_those_of_the_client(void **state UNUSED) {
    expect_result("http: {url: 'ftp://h/'}", "Get \"ftp://h/\": unsupported protocol scheme \"ftp\"|");
    expect_result("http: {url: 'http://two.test/'}",
                  "Get \"http://two.test/\": dial tcp: lookup two.test: no such host|");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PROBE_TEST(status_2xx_passes),
        PROBE_TEST(other_statuses_fail_with_the_body),
        PROBE_TEST(a_body_that_is_cut_off_is_reported),
        PROBE_TEST(a_body_is_read_up_to_a_limit),
        PROBE_TEST(targets_that_never_finish_are_cancelled),
        PROBE_TEST(redirects_are_followed_but_not_for_ever),
        PROBE_TEST(headers_are_sent),
        PROBE_TEST(failures_are_those_of_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

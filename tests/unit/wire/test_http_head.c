// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_check.h"

#define BAD "\nFAILED 400 Bad Request\n"
#define NO_HOST "\nFAILED 400 Bad Request: missing required Host header\n"
#define BAD_HOST "\nFAILED 400 Bad Request: malformed Host header\n"
#define OLD "\nFAILED 505 HTTP Version Not Supported: unsupported protocol version\n"
#define WELL "\nEND\n\nidle, ends well\n"

static void request_lines(void **state UNUSED) {
    check_request("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / 1.1 keep\nHost=x\n" WELL);
    check_request("we!rd *  HTTP/1.1\r\nHost: x\r\n\r\n", BAD);
    check_request("we!rd * HTTP/1.1\r\nHost: x\r\n\r\n", "we!rd * 1.1 keep\nHost=x\n" WELL);
    check_request("GET http://a/b?c HTTP/1.0\r\n\r\n", "GET http://a/b?c 1.0\n" WELL);
    check_request("GET /caf\xc3\xa9 HTTP/1.0\r\n\r\n", "GET /caf\xc3\xa9 1.0\n" WELL);
    check_request("GET / HTTP/1.9\r\nHost: x\r\n\r\n", "GET / 1.1 keep\nHost=x\n" WELL);
    static const char *const bad[] = {"hello there\r\n\r\n",
                                      "GET /v1/health\r\n\r\n",
                                      "GET / HTTP/3\r\n\r\n",
                                      "GET / HTTP/x.y\r\n\r\n",
                                      "GET  / HTTP/1.1\r\n\r\n",
                                      "GET /a b HTTP/1.1\r\n\r\n",
                                      "GET v1 HTTP/1.1\r\n\r\n",
                                      "G@T / HTTP/1.1\r\n\r\n",
                                      "GET /\x01 HTTP/1.1\r\n\r\n",
                                      "GET /\x7f HTTP/1.1\r\n\r\n",
                                      "GET /\t HTTP/1.1\r\n\r\n",
                                      " GET / HTTP/1.1\r\n\r\n",
                                      "GET / HTTP/1.1 \r\n\r\n",
                                      "GET / http/1.1\r\n\r\n",
                                      "GET / HTTP/1.10\r\n\r\n",
                                      "GET / HTTP/1,1\r\n\r\n",
                                      "GET /a\rb HTTP/1.1\r\n\r\n",
                                      "GET / HTTP/1.1\r\r\n\r\n",
                                      "\r\nGET / HTTP/1.0\r\n\r\n",
                                      "\n",
                                      " / HTTP/1.1\r\nHost: x\r\n\r\n",
                                      "GET HTTP/1.1\r\nHost: x\r\n\r\n"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        check_request(bad[i], BAD);
    check_bytes(HTTP_READ_REQUEST, "GET /\0 HTTP/1.0\r\n\r\n", 19, BAD);
}

static void refuses_a_bad_first_line_at_once(void **state UNUSED) {
    check_request("rubbish\n", BAD);
    check_request("\x16\x03\x01\x02\n", BAD);
    check_response("SSH-2.0-x\r\n", "\nFAILED 400 malformed HTTP response\n");
    check_request("GET / HTTP/1.1\r\n", "\nbusy, cut off\n");
}

static void versions(void **state UNUSED) {
    check_request("GET / HTTP/2.0\r\nHost: x\r\n\r\n", OLD);
    check_request("GET / HTTP/0.9\r\n\r\n", OLD);
    check_request("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", OLD);
}

static void hosts(void **state UNUSED) {
    check_request("GET / HTTP/1.1\r\n\r\n", NO_HOST);
    check_request("GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / 1.1 keep\nHost=\n" WELL);
    check_request("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", BAD);
    check_request("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n", BAD);
    check_request("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", BAD_HOST);
    check_request("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", BAD_HOST);
    check_request("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", BAD_HOST);
    check_request("GET / HTTP/1.0\r\nHost: \xc3\xa9\r\n\r\n", BAD_HOST);
    check_request("GET / HTTP/1.1\r\nhOST: [::1%25lo]:80\r\n\r\n", "GET / 1.1 keep\nhOST=[::1%25lo]:80\n" WELL);
}

static void fields(void **state UNUSED) {
    check_request("GET / HTTP/1.0\nA:1\nb: \t 2\t \r\nOdd!:\n\n", "GET / 1.0\nA=1\nb=2\nOdd!=\n" WELL);
    check_request("GET / HTTP/1.0\r\nA: x:y \xe9\t\x80 z\r\n\r\n", "GET / 1.0\nA=x:y \xe9\t\x80 z\n" WELL);
    static const char *const bad[] = {"NoColon", ": x",   "A: \x01",    "A: \x7f",    "A: b\rc", "A\x01: b", "A\xe9: b",
                                      "(A): b",  " A: b", "A: b\r\n c", "A: b\r\n\t", "A: b\r",  "\r",       "A\t: b"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        AUTO_FREE char *text = memory_printf("GET / HTTP/1.1\r\nHost: x\r\n%s\r\nB: c\r\n\r\n", bad[i]);
        check_request(text, BAD);
    }
    check_request("GET / HTTP/1.1\r\nMy Name: x\r\n\r\n", "\nFAILED 400 Bad Request: invalid header name\n");
    check_request("GET / HTTP/1.1\r\nName : x\r\n\r\n", "\nFAILED 400 Bad Request: invalid header name\n");
    check_bytes(HTTP_READ_REQUEST, "GET / HTTP/1.0\r\nA: \0\r\n\r\n", 24, BAD);
}

static void lengths(void **state UNUSED) {
#define WITH(headers) "PUT / HTTP/1.0\r\n" headers "\r\n"
    check_request(WITH("Content-Length: 2\r\n") "ab", "PUT / 1.0 length=2 body\nContent-Length=2\nab" WELL);
    check_request(WITH("Content-Length: 0\r\n"), "PUT / 1.0 length=0\nContent-Length=0\n" WELL);
    check_request(WITH("Content-Length: 002\r\n") "ab", "PUT / 1.0 length=2 body\nContent-Length=002\nab" WELL);
    check_request(WITH("Content-Length: 1\r\ncontent-length:  1 \r\n") "a",
                  "PUT / 1.0 length=1 body\nContent-Length=1\ncontent-length=1\na" WELL);
    check_request(WITH("Content-Length: 9223372036854775807\r\n"),
                  "PUT / 1.0 length=9223372036854775807 body\nContent-Length=9223372036854775807\n\nbusy, cut off\n");
    static const char *const bad[] = {"",   "x", "-1", "+1", "1 1", "1, 1", "1,1", "0x1", "1.0", "9223372036854775808",
                                      "1_0"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        AUTO_FREE char *text = memory_printf(WITH("Content-Length: %s\r\n"), bad[i]);
        check_request(text, BAD);
    }
    check_request(WITH("Content-Length: 1\r\nContent-Length: 2\r\n"), BAD);
    check_request(WITH("Content-Length: 1\r\nContent-Length: 01\r\n"), BAD);
    check_request(WITH("Content-Length: 1\r\nContent-Length:\r\n"), BAD);
    check_request(WITH("Content-Length: 1\r\nContent-Length: 2\r\nContent-Length: 1\r\n"), BAD);
}

static void encodings(void **state UNUSED) {
#define HELD "PUT / HTTP/1.1\r\nHost:\r\n"
#define NOT_IMPLEMENTED "\nFAILED 501 Not Implemented\n"
    check_request(HELD "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n",
                  "PUT / 1.1 keep chunked body\nHost=\nTransfer-Encoding=CHUNKED\n" WELL);
    check_request(HELD "Transfer-Encoding: gzip\r\n\r\n", NOT_IMPLEMENTED);
    check_request(HELD "Transfer-Encoding:\r\n\r\n", NOT_IMPLEMENTED);
    check_request(HELD "Transfer-Encoding: identity\r\n\r\n", NOT_IMPLEMENTED);
    check_request(HELD "Transfer-Encoding: gzip, chunked\r\n\r\n", NOT_IMPLEMENTED);
    check_request(HELD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", NOT_IMPLEMENTED);
    check_request(HELD "Transfer-Encoding: x\r\nContent-Length: y\r\n\r\n", NOT_IMPLEMENTED);
}

static void two_framings_end_the_connection(void **state UNUSED) {
    check_request(HELD "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  "PUT / 1.1 chunked body\nHost=\nContent-Length=4\nTransfer-Encoding=chunked\n" WELL);
    check_request("PUT / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
                  "PUT / 1.0\nConnection=keep-alive\nTransfer-Encoding=chunked\n" WELL);
    check_request(HELD "Content-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n", BAD);
}

static void connections(void **state UNUSED) {
    static const struct {
        const char *version, *value, *flags;
    } cases[] = {
        {"1.1", "", " keep"},
        {"1.1", "close", ""},
        {"1.1", "Close", ""},
        {"1.1", "foo, close", ""},
        {"1.1", "foo ,CLOSE ,x", ""},
        {"1.1", "closed", " keep"},
        {"1.1", "clos", " keep"},
        {"1.1", "a close", " keep"},
        {"1.1", "keep-alive", " keep"},
        {"1.0", "", ""},
        {"1.0", "Keep-Alive", " keep"},
        {"1.0", "keep-alive, close", ""},
        {"1.1", "Upgrade", " keep upgrade"},
        {"1.1", "keep-alive,upgrade,,", " keep upgrade"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *text =
            memory_printf("GET / HTTP/%s\r\nHost: x\r\nConnection: %s\r\n\r\n", cases[i].version, cases[i].value);
        AUTO_FREE char *expected =
            memory_printf("GET / %s%s\nHost=x\nConnection=%s\n" WELL, cases[i].version, cases[i].flags, cases[i].value);
        check_request(text, expected);
    }
    check_request("GET / HTTP/1.1\r\nHost: x\r\nConnection: a\r\nConnection: close\r\n\r\n",
                  "GET / 1.1\nHost=x\nConnection=a\nConnection=close\n" WELL);
}

static void expectations(void **state UNUSED) {
    check_request(HELD "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
                  "PUT / 1.1 keep expect length=1 body\nHost=\nExpect=100-Continue\nContent-Length=1\nx" WELL);
    check_request(HELD "Expect: 100-continue\r\n\r\n", "PUT / 1.1 keep\nHost=\nExpect=100-continue\n" WELL);
    check_request("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
                  "PUT / 1.0 length=1 body\nExpect=100-continue\nContent-Length=1\nx" WELL);
    check_request(HELD "Expect: 200-ok\r\n\r\n", "\nFAILED 417 Expectation Failed\n");
    check_request(HELD "Expect:\r\n\r\n", "PUT / 1.1 keep\nHost=\nExpect=\n" WELL);
}

static void status_lines(void **state UNUSED) {
#define EMPTY "Content-Length: 0\r\n\r\n"
    check_response("HTTP/1.1 200 OK\r\n" EMPTY, "200 OK 1.1 keep length=0\nContent-Length=0\n" WELL);
    check_response("HTTP/1.0 404 Not so good\n" EMPTY, "404 Not so good 1.0 length=0\nContent-Length=0\n" WELL);
    check_response("HTTP/1.1 200\r\n" EMPTY, "200  1.1 keep length=0\nContent-Length=0\n" WELL);
    check_response("HTTP/1.1 200 \r\n" EMPTY, "200  1.1 keep length=0\nContent-Length=0\n" WELL);
    static const char *const bad[] = {
        "HTTP/1.1 20 OK",    "HTTP/1.1 2000 OK", "HTTP/2.0 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1",
        "HTTP/1.1 200 \x01", "HTTP/1.1 0x1 a",   "ICY 200 OK",      "HTTP/1.1 099 a",   ""};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        AUTO_FREE char *text = memory_printf("%s\r\n" EMPTY, bad[i]);
        check_response(text, "\nFAILED 400 malformed HTTP response\n");
    }
}

static void response_fields(void **state UNUSED) {
    check_response("HTTP/1.1 204 x\r\nA: b\r\n  c\r\n\td\r\nE: f\n g\n \r\n\r\n",
                   "204 x 1.1 keep\nA=b    c  \td\nE=f  g\n" WELL);
    check_response("HTTP/1.1 204 x\r\n A: b\r\n\r\n", "\nFAILED 400 malformed HTTP response\n");
    check_response("HTTP/1.1 200 x\r\nContent-Length: -1\r\n\r\n", "\nFAILED 400 bad Content-Length\n");
    check_response("HTTP/1.1 200 x\r\nTransfer-Encoding: gzip\r\n\r\n", "\nFAILED 501 unsupported transfer encoding\n");
    check_response("HTTP/1.1 204 x\r\nHost: a b\r\nExpect: y\r\n\r\n", "204 x 1.1 keep\nHost=a b\nExpect=y\n" WELL);
}

static struct http_header headers[] = {{"A", "1", 1}, {"List", "x, Y,z", 6}, {"a", "2", 1}, {"LIST", "w", 1}};
static const struct http_head head = {.headers = headers, .header_count = ARRAY_COUNT(headers)};

static void looks_up(void **state UNUSED) {
    assert_string_equal(http_head_get(&head, "a"), "1");
    assert_string_equal(http_head_get(&head, "lisT"), "x, Y,z");
    assert_null(http_head_get(&head, "Lis"));
    assert_true(http_head_has_token(&head, "list", "y"));
    assert_true(http_head_has_token(&head, "list", "W"));
    assert_false(http_head_has_token(&head, "list", "x, Y"));
    assert_false(http_head_has_token(&head, "none", "x"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_lines), cmocka_unit_test(refuses_a_bad_first_line_at_once),
        cmocka_unit_test(versions),      cmocka_unit_test(hosts),
        cmocka_unit_test(fields),        cmocka_unit_test(lengths),
        cmocka_unit_test(encodings),     cmocka_unit_test(two_framings_end_the_connection),
        cmocka_unit_test(connections),   cmocka_unit_test(expectations),
        cmocka_unit_test(status_lines),  cmocka_unit_test(response_fields),
        cmocka_unit_test(looks_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

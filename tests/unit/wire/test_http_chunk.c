// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_check.h"

// Reads the body after a chunked head, and compares the transcript after that of the head.
static void check(const char *body, size_t length, const char *expected) {
    static const char head[] = "PUT / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n";
    AUTO_BUFFER struct buffer bytes = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&bytes, head);
    buffer_add(&bytes, body, length);
    AUTO_FREE char *whole =
        memory_printf("PUT / 1.1 keep chunked body\nHost=\nTransfer-Encoding=chunked\n%s", expected);
    check_bytes(HTTP_READ_REQUEST, bytes.data, bytes.length, whole);
}

static void check_body(const char *body, const char *expected) {
    check(body, strlen(body), expected);
}

static void check_refused(const char *body, const char *reason) {
    AUTO_FREE char *expected = memory_printf("\nFAILED 400 %s\n", reason);
    check_body(body, expected);
}

#define WELL "\nEND\n\nidle, ends well\n"

static void sizes(void **state UNUSED) {
    check_body("0\r\n\r\n", WELL);
    check_body("3\r\nabc\r\n0\r\n\r\n", "abc" WELL);
    check_body("0003\r\nabc\r\n000\r\n\r\n", "abc" WELL);
    check_body("a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n", "01234567890123456789a" WELL);
    check_body("1 \r\na\r\n1\t\r\nb\r\n0\r\n\r\n", "ab" WELL);
    check_body("2\r\n\r\n\r\n0\r\n\r\n", "\r\n" WELL);
    check_body("ffffffffffffffff\r\nabc", "abc\nbusy, cut off\n");
}

static void bad_sizes(void **state UNUSED) {
    check_refused("xyz\r\n", "invalid byte in chunk length");
    check_refused("-1\r\n", "invalid byte in chunk length");
    check_refused("0x1\r\n", "invalid byte in chunk length");
    check_refused(" 1\r\n", "invalid byte in chunk length");
    check_refused("1 1\r\n", "invalid byte in chunk length");
    check_refused("\r\n", "empty hex number for chunk length");
    check_refused(";a\r\n", "empty hex number for chunk length");
    check_refused("10000000000000000\r\n", "http chunk length too large");
    check_refused("1\na\r\n", "chunked line ends with bare LF");
    check_refused("1\rx\n", "invalid CR in chunked line");
    check("1\0\r\n", 4, "\nFAILED 400 invalid byte in chunk length\n");
}

static void ends_of_data(void **state UNUSED) {
    check_body("3\r\nabcd\r\n", "abc\nFAILED 400 malformed chunked encoding\n");
    check_body("3\r\nabc\n0\r\n\r\n", "abc\nFAILED 400 malformed chunked encoding\n");
    check_body("3\r\nabc\rx", "abc\nFAILED 400 malformed chunked encoding\n");
    check_body("3\r\nabc", "abc\nbusy, cut off\n");
    check_body("3\r\nabc\r\n", "abc\nbusy, cut off\n");
    check_body("3\r\nab", "ab\nbusy, cut off\n");
    check_body("0\r\n", "\nbusy, cut off\n");
    check_body("0\r\n\r", "\nbusy, cut off\n");
}

static void extensions(void **state UNUSED) {
    check_body("1;sugar=2\r\na\r\n0;last;\"x\t\"\r\n\r\n", "a" WELL);
    check_body("1 ; a = b\r\na\r\n0\r\n\r\n", "a" WELL);
    check_refused("1;a\nb\r\n", "chunked line ends with bare LF");
    check_refused("1;a\x01\r\n", "invalid byte in chunk extension");
    check_refused("1;a\rb\r\n", "invalid CR in chunked line");
}

static void trailers(void **state UNUSED) {
    check_body("0\r\nA: b\r\nX-Sum:\xe9\r\n\r\n", WELL);
    static const char *const bad[] = {"0\r\nA\r\n\r\n", "0\r\n: b\r\n\r\n",     "0\r\nA: b\n\r\n",
                                      "0\r\n\n",        "0\r\nA: \x01\r\n\r\n", "0\r\n\rx",
                                      "0\r\nA: b\rc",   "0\r\n A: b\r\n",       "0\r\nA : b\r\n"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        check_refused(bad[i], "malformed trailer");
}

// `length` times 'x' between two texts.
static void check_long(const char *before, size_t length, const char *after, const char *expected) {
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&body, before);
    for (size_t i = 0; i < length; i++)
        buffer_add_char(&body, 'x');
    buffer_add_string(&body, after);
    check(body.data, body.length, expected);
}

static void limits(void **state UNUSED) {
    check_long("1;", HTTP_CHUNK_LINE_LIMIT_BYTES - 4, "\r\na\r\n0\r\n\r\n", "a" WELL);
    check_long("1;", HTTP_CHUNK_LINE_LIMIT_BYTES - 3, "\r\na\r\n0\r\n\r\n", "\nFAILED 400 header line too long\n");
    check_long("0\r\nA:", HTTP_TRAILER_LIMIT_BYTES - 6, "\r\n\r\n", WELL);
    check_long("0\r\nA:", HTTP_TRAILER_LIMIT_BYTES - 5, "\r\n\r\n", "\nFAILED 400 trailer too long\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),      cmocka_unit_test(bad_sizes), cmocka_unit_test(ends_of_data),
        cmocka_unit_test(extensions), cmocka_unit_test(trailers),  cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

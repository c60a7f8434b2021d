// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_check.h"

#define GET "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
#define GOT "GET /a 1.1 keep\nHost=x\n\nEND\n"
#define POST "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
#define POSTED "POST / 1.1 keep length=3 body\nHost=x\nContent-Length=3\nabc\nEND\n"
#define IDLE "\nidle, ends well\n"
#define BAD "\nFAILED 400 Bad Request\n"

static void nothing(void **state UNUSED) {
    check_request("", IDLE);
    check_response("", IDLE);
}

static void pipelines(void **state UNUSED) {
    check_request(GET GET, GOT GOT IDLE);
    check_request(POST GET "PUT /b HTTP/1.0\r\nContent-Length: 1\r\n\r\nx",
                  POSTED GOT "PUT /b 1.0 length=1 body\nContent-Length=1\nx\nEND\n" IDLE);
    check_request("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nGET\r\n0\r\nA: b\r\n\r\n" GET,
                  "PUT / 1.1 keep chunked body\nHost=x\nTransfer-Encoding=chunked\nGET\nEND\n" GOT IDLE);
    check_request(GET "rubbish\r\n" GET, GOT BAD);
}

static void stray_line_ends_are_passed_over_only_after_a_post(void **state UNUSED) {
    check_request(POST "\r\n" GET, POSTED GOT IDLE);
    check_request(POST "\r\n\n\r" GET, POSTED GOT IDLE);
    check_request(POST "\r\n", POSTED IDLE);
    check_request(POST "\r\n\r\n\r\n" GET, POSTED BAD);
    check_request(GET "\r\n" GET, GOT BAD);
    check_request("\r\n" GET, BAD);
}

static void cut_off(void **state UNUSED) {
    check_request("G", "\nbusy, cut off\n");
    check_request("GET / HTTP/1.1\r\nHost: x\r\n", "\nbusy, cut off\n");
    check_request("PUT / HTTP/1.0\r\nContent-Length: 3\r\n\r\nab",
                  "PUT / 1.0 length=3 body\nContent-Length=3\nab\nbusy, cut off\n");
    check_response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
                   "200 OK 1.1 keep length=3 body\nContent-Length=3\nab\nbusy, cut off\n");
}

static void responses(void **state UNUSED) {
    check_response("HTTP/1.1 200 OK\r\n\r\nall the rest\r\n",
                   "200 OK 1.1 body\nall the rest\r\n\nbusy, ends well\n\nEND\n");
    check_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
                   "200 OK 1.1 keep chunked body\nTransfer-Encoding=chunked\nab\nEND\n" IDLE);
    check_response("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 "
                   "OK\r\nContent-Length: 1\r\n\r\nx",
                   "100 Continue 1.1 keep\n\nEND\n103 Hints 1.1 keep length=5\nContent-Length=5\n\nEND\n"
                   "200 OK 1.1 keep length=1 body\nContent-Length=1\nx\nEND\n" IDLE);
    check_response("HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n",
                   "304 No 1.1 keep length=9\nContent-Length=9\n\nEND\n204 No 1.1 keep "
                   "chunked\nTransfer-Encoding=chunked\n\nEND\n" IDLE);
}

// The next event; `text` moves on.
static enum http_event next(struct http_reader *reader, const char **text) {
    size_t length = strlen(*text);
    const char *data;
    size_t data_length;
    return http_reader_next(reader, text, &length, &data, &data_length);
}

static void skips_the_body_of_a_response_to_head(void **state UNUSED) {
    struct http_reader reader;
    http_reader_init(&reader, HTTP_READ_RESPONSE);
    const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 No\r\n\r\n";
    assert_int_equal(next(&reader, &text), HTTP_HEAD);
    assert_int_equal(http_reader_head(&reader)->length, 5);
    http_reader_skip_body(&reader);
    assert_int_equal(next(&reader, &text), HTTP_END);
    assert_int_equal(next(&reader, &text), HTTP_HEAD);
    assert_int_equal(http_reader_head(&reader)->status, 204);
    assert_int_equal(next(&reader, &text), HTTP_END);
    assert_int_equal(next(&reader, &text), HTTP_NEED_MORE);
    http_reader_finish(&reader);
}

static void takes_no_byte_behind_the_head(void **state UNUSED) {
    struct http_reader reader;
    http_reader_init(&reader, HTTP_READ_REQUEST);
    const char *text = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\r\nframes";
    assert_int_equal(next(&reader, &text), HTTP_HEAD);
    assert_string_equal(text, "frames");
    assert_true(http_reader_head(&reader)->wants_upgrade);
    http_reader_finish(&reader);
}

static void stays_failed(void **state UNUSED) {
    struct http_reader reader;
    http_reader_init(&reader, HTTP_READ_REQUEST);
    const char *text = "rubbish\r\n" GET;
    assert_int_equal(next(&reader, &text), HTTP_FAILED);
    text = GET;
    assert_int_equal(next(&reader, &text), HTTP_FAILED);
    assert_int_equal(http_reader_status(&reader), 400);
    assert_false(http_reader_is_idle(&reader));
    assert_false(http_reader_end(&reader));
    http_reader_finish(&reader);
}

static void holds_nothing_between_messages(void **state UNUSED) {
    struct http_reader reader;
    http_reader_init(&reader, HTTP_READ_REQUEST);
    const char *text = POST;
    assert_int_equal(next(&reader, &text), HTTP_HEAD);
    assert_non_null(reader.head_bytes.data);
    assert_int_equal(next(&reader, &text), HTTP_BODY);
    assert_string_equal(http_head_get(http_reader_head(&reader), "host"), "x");
    assert_int_equal(next(&reader, &text), HTTP_END);
    assert_null(reader.head_bytes.data);
    assert_null(reader.head.headers);
    assert_true(http_reader_is_idle(&reader));
    assert_true(sizeof reader <= 256);
    http_reader_finish(&reader);
}

// A GET with `count` headers whose values are `length` times 'y'.
static void make_head(struct buffer *out, size_t count, size_t length) {
    buffer_add_string(out, "GET / HTTP/1.0\r\n");
    for (size_t i = 0; i < count; i++) {
        buffer_add_string(out, "A: ");
        for (size_t j = 0; j < length; j++)
            buffer_add_char(out, 'y');
        buffer_add_string(out, "\r\n");
    }
    buffer_add_string(out, "\r\n");
}

static void check_head(size_t count, size_t length, bool is_fine) {
    AUTO_BUFFER struct buffer bytes = BUFFER_INIT(BUFFER_NO_LIMIT);
    make_head(&bytes, count, length);
    const struct http_cut cuts[] = {{.size = SIZE_MAX}, {.size = 1}, {.seed = 5}};
    for (size_t i = 0; i < ARRAY_COUNT(cuts); i++) {
        AUTO_BUFFER struct buffer transcript = BUFFER_INIT(BUFFER_NO_LIMIT);
        http_transcript(HTTP_READ_REQUEST, bytes.data, bytes.length, cuts[i], &transcript);
        bool has_failed = strcmp(transcript.data, "\nFAILED 431 Request Header Fields Too Large\n") == 0;
        assert_true(has_failed != is_fine);
        assert_true(!is_fine || strstr(transcript.data, "\nEND\n\nidle, ends well\n") != NULL);
    }
}

static void limits(void **state UNUSED) {
    const size_t rest = strlen("GET / HTTP/1.0\r\nA: \r\n\r\n");
    check_head(1, HTTP_HEAD_LIMIT_BYTES - rest, true);
    check_head(1, HTTP_HEAD_LIMIT_BYTES - rest + 1, false);
    check_head(1, HTTP_HEAD_LIMIT_BYTES * 2, false);
    check_head(3000, 5, true);
    check_head(HTTP_HEADERS_MAX, 5, true);
    check_head(HTTP_HEADERS_MAX + 1, 5, false);
}

static void a_limit_of_ones_own(void **state UNUSED) {
    struct http_reader reader;
    http_reader_init(&reader, HTTP_READ_REQUEST);
    reader.head_limit_bytes = strlen(GET) - 1;
    const char *text = GET;
    assert_int_equal(next(&reader, &text), HTTP_FAILED);
    assert_int_equal(http_reader_status(&reader), 431);
    http_reader_finish(&reader);
    reader.head_limit_bytes = strlen(GET);
    text = GET GET;
    assert_int_equal(next(&reader, &text), HTTP_HEAD);
    assert_int_equal(next(&reader, &text), HTTP_END);
    assert_int_equal(next(&reader, &text), HTTP_HEAD);
    http_reader_finish(&reader);
}

// What was taken lasts while the rest of the message, and the next one, are read.
static void gives_the_head_away(void **state UNUSED) {
    const char *text = POST "\r\n" GET;
    struct http_reader reader;
    struct http_taken_head taken;
    http_reader_init(&reader, HTTP_READ_REQUEST);
    assert_int_equal(next(&reader, &text), HTTP_HEAD);
    http_reader_take_head(&reader, &taken);
    assert_int_equal(http_reader_head(&reader)->header_count, 0);
    assert_int_equal(reader.head_bytes.capacity, 0);
    assert_int_equal(next(&reader, &text), HTTP_BODY);
    assert_int_equal(next(&reader, &text), HTTP_END);
    assert_int_equal(next(&reader, &text), HTTP_HEAD); // the stray line end behind a POST is passed over
    assert_string_equal(http_reader_head(&reader)->method, "GET");
    assert_int_equal(next(&reader, &text), HTTP_END);
    http_reader_finish(&reader);
    assert_string_equal(taken.head.method, "POST");
    assert_string_equal(taken.head.target, "/");
    assert_string_equal(http_head_get(&taken.head, "content-length"), "3");
    assert_true(taken.head.has_body);
    http_taken_head_finish(&taken);
    assert_null(taken.head.headers);
}

static void reads_on_after_a_head_without_a_body(void **state UNUSED) {
    const char *text = GET "\r\n";
    struct http_reader reader;
    struct http_taken_head taken;
    http_reader_init(&reader, HTTP_READ_REQUEST);
    assert_int_equal(next(&reader, &text), HTTP_HEAD);
    http_reader_take_head(&reader, &taken);
    assert_int_equal(next(&reader, &text), HTTP_END);
    assert_int_equal(next(&reader, &text), HTTP_FAILED); // only behind a POST
    http_taken_head_finish(&taken);
    http_reader_finish(&reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),
        cmocka_unit_test(pipelines),
        cmocka_unit_test(stray_line_ends_are_passed_over_only_after_a_post),
        cmocka_unit_test(cut_off),
        cmocka_unit_test(responses),
        cmocka_unit_test(skips_the_body_of_a_response_to_head),
        cmocka_unit_test(takes_no_byte_behind_the_head),
        cmocka_unit_test(stays_failed),
        cmocka_unit_test(holds_nothing_between_messages),
        cmocka_unit_test(limits),
        cmocka_unit_test(a_limit_of_ones_own),
        cmocka_unit_test(gives_the_head_away),
        cmocka_unit_test(reads_on_after_a_head_without_a_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

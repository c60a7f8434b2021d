// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "client/errors.h"
#include "client/exchange_internal.h"

static const struct client_endpoint secret = {.authority = (char[]){"h:1"},
                                              .prefix = (char[]){"/a%20b"},
                                              .shown_user = (char[]){"me:***@"},
                                              .authorization = (char[]){"Basic eA=="}};
static const struct client_endpoint local = {
    .authority = (char[]){"localhost"}, .prefix = (char[]){""}, .shown_user = (char[]){""}};

static void begin(struct client_exchange *exchange, const char *method) {
    const struct client_request request = {.method = method, .target = "/x"};
    assert_true(client_exchange_init(exchange, &local, &request, NULL));
}

// Gives the text to the exchange, `piece` bytes at a time, and writes down what comes of it: "HEAD 200|abc|END|".
static void feed(struct client_exchange *exchange, const char *text, size_t piece, struct buffer *out) {
    for (size_t length = strlen(text); length > 0; text += piece, length -= piece) {
        piece = piece < length ? piece : length;
        client_exchange_add_input(exchange, text, piece);
        for (bool is_more = true; is_more;) {
            const char *data;
            size_t size;
            AUTO_ERROR struct error err = {0};
            switch (client_exchange_next(exchange, &data, &size, &err)) {
            case CLIENT_EXCHANGE_NEED_INPUT:
                is_more = false;
                break;
            case CLIENT_EXCHANGE_HEAD:
                buffer_printf(out, "HEAD %d|", exchange->status);
                break;
            case CLIENT_EXCHANGE_BODY:
                buffer_add(out, data, size);
                break;
            case CLIENT_EXCHANGE_END:
                buffer_add_string(out, "|END");
                return;
            case CLIENT_EXCHANGE_FAILED:
                assert_int_equal(err.kind, ERROR_INTERNAL);
                buffer_add_string(out, err.message);
                return;
            }
        }
    }
}

static void assert_read(const char *method, const char *text, const char *expected) {
    for (size_t piece = 1; piece < 1000; piece += 333) {
        struct client_exchange exchange;
        AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
        begin(&exchange, method);
        feed(&exchange, text, piece, &out);
        assert_string_equal(buffer_text(&out), expected);
        client_exchange_finish(&exchange);
    }
}

static void assert_output(const struct client_endpoint *endpoint, const struct client_request *request,
                          const char *expected) {
    struct client_exchange exchange;
    AUTO_FREE char *whole = memory_printf(expected, PEBBLE_VERSION);
    assert_true(client_exchange_init(&exchange, endpoint, request, NULL));
    size_t length;
    const char *output = client_exchange_output(&exchange, &length);
    assert_int_equal(length, strlen(whole));
    assert_memory_equal(output, whole, length);
    client_exchange_finish(&exchange);
}

static void requests_are_written(void **state UNUSED) {
    assert_output(&local, &(struct client_request){.method = "GET", .target = "/v1/x?y=z"},
                  "GET /v1/x?y=z HTTP/1.1\r\nHost: localhost\r\nUser-Agent: pebble/%s\r\n\r\n");
    assert_output(&local, &(struct client_request){.method = "POST", .target = "/x", .body = "{}?", .body_length = 2},
                  "POST /x HTTP/1.1\r\nHost: localhost\r\nUser-Agent: pebble/%s\r\n"
                  "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    assert_output(&secret, &(struct client_request){.method = "PUT", .target = "/x"},
                  "PUT /a%%20b/x HTTP/1.1\r\nHost: h:1\r\nUser-Agent: pebble/%s\r\n"
                  "Authorization: Basic eA==\r\nContent-Length: 0\r\n\r\n");
}

static void what_is_no_request_is_refused(void **state UNUSED) {
    const struct client_request bad[] = {
        {.method = "GET", .target = "/x HTTP/1.1\r\nEvil: yes"},
        {.method = "GET", .target = "x"},
        {.method = "GET", .target = ""},
        {.method = "GET", .target = NULL},
        {.method = "GET X", .target = "/x"},
        {.method = "", .target = "/x"},
        {.method = NULL, .target = "/x"},
        {.method = "GET", .target = "/a\x7f"},
        {.method = "GET", .target = "/\xc3\xa9 "},
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct client_exchange exchange;
        AUTO_PEBBLE_ERROR struct pebble_error error = {0};
        assert_false(client_exchange_init(&exchange, &local, &bad[i], &error));
        assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
        assert_string_equal(error.message, "cannot build request: invalid method or path");
    }
}

static void requests_are_shown_as_the_reference_does(void **state UNUSED) {
    struct client_exchange exchange;
    const struct client_request request = {.method = "DELETE", .target = "/x?\"y\""};
    assert_true(client_exchange_init(&exchange, &local, &request, NULL));
    assert_string_equal(exchange.shown, "Delete \"http://localhost/x?\\\"y\\\"\"");
    client_exchange_finish(&exchange);
    client_exchange_finish(&exchange);
    assert_true(
        client_exchange_init(&exchange, &secret, &(struct client_request){.method = "GET", .target = "/v1/x"}, NULL));
    assert_string_equal(exchange.shown, "Get \"http://me:***@h:1/a%20b/v1/x\"");
    client_exchange_finish(&exchange);
}

static void output_is_sent_in_pieces(void **state UNUSED) {
    struct client_exchange exchange;
    size_t whole, rest;
    begin(&exchange, "GET");
    (void)client_exchange_output(&exchange, &whole);
    client_exchange_note_sent(&exchange, 4);
    assert_memory_equal(client_exchange_output(&exchange, &rest), "/x HTTP/1.1", 11);
    assert_int_equal(rest, whole - 4);
    client_exchange_restart(&exchange);
    assert_memory_equal(client_exchange_output(&exchange, &rest), "GET /x", 6);
    assert_int_equal(rest, whole);
    client_exchange_finish(&exchange);
}

static void begin_upload(struct client_exchange *exchange, struct client_source *source,
                         const struct client_content *content) {
    const struct client_request request = {.method = "POST", .target = "/x", .source = source, .source_type = "a/b"};
    client_source_init(source, content);
    client_source_measure(source);
    assert_true(client_exchange_init(exchange, &local, &request, NULL));
}

// Takes the whole request, adding these pieces and the end of the body.
static void assert_upload(struct client_exchange *exchange, const char *const *pieces, const char *expected) {
    AUTO_BUFFER struct buffer sent = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (bool is_whole = false; !is_whole;) {
        size_t length, size;
        const char *bytes = client_exchange_output(exchange, &length);
        if (length > 0) {
            assert_false(client_exchange_wants_piece(exchange));
            buffer_add(&sent, bytes, 1); // one at a time
            client_exchange_note_sent(exchange, 1);
        } else if (client_exchange_wants_piece(exchange)) {
            assert_false(client_exchange_leaves_connection(exchange));
            char *piece = client_exchange_piece(exchange, &size);
            size_t piece_length = *pieces != NULL ? strlen(*pieces) : 0;
            if (piece_length > 0)
                memcpy(piece, *pieces++, piece_length);
            client_exchange_add_piece(exchange, piece_length);
        } else {
            is_whole = true;
        }
    }
    const char *body = strstr(buffer_text(&sent), "Content-Type");
    assert_non_null(body);
    assert_string_equal(body, expected);
    client_exchange_finish(exchange);
}

static void a_body_may_come_in_pieces(void **state UNUSED) {
    struct client_exchange exchange;
    struct client_source source;
    const int fd = 0;
    begin_upload(&exchange, &source, &(struct client_content){.fd = &fd});
    assert_upload(&exchange, (const char *const[]){"abc", "0123456789abcdef", NULL},
                  "Content-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
    begin_upload(&exchange, &source, &(struct client_content){.bytes = "abcde", .length = 5});
    assert_upload(&exchange, (const char *const[]){"abc", "de", NULL},
                  "Content-Type: a/b\r\nContent-Length: 5\r\n\r\nabcde");
}

static void the_largest_piece_fits(void **state UNUSED) {
    struct client_exchange exchange;
    struct client_source source;
    const int fd = 0;
    size_t length, size;
    begin_upload(&exchange, &source, &(struct client_content){.fd = &fd});
    (void)client_exchange_output(&exchange, &length);
    client_exchange_note_sent(&exchange, length);
    char *piece = client_exchange_piece(&exchange, &size);
    memset(piece, 'x', size);
    client_exchange_add_piece(&exchange, size);
    const char *bytes = client_exchange_output(&exchange, &length);
    assert_int_equal(length, strlen("40000\r\n") + size + strlen("\r\n"));
    assert_memory_equal(bytes, "40000\r\nx", 8);
    assert_memory_equal(bytes + length - 3, "x\r\n", 3);
    client_exchange_finish(&exchange);
}

static void responses_are_read_however_they_come(void **state UNUSED) {
    assert_read("GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "HEAD 200|abc|END");
    assert_read(
        "GET",
        "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n01\r\nc\r\n0\r\nT: x\r\n\r\n",
        "HEAD 404|abc|END");
    assert_read("GET", "HTTP/1.1 204 No Content\r\n\r\n", "HEAD 204||END");
    assert_read("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD 200||END");
    assert_read("GET",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
                "HEAD 200|a|END");
}

static void what_is_no_response_is_told(void **state UNUSED) {
    assert_read("GET", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
                "malformed HTTP response: unexpected switch of protocols");
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct client_exchange exchange;
    begin(&exchange, "GET");
    feed(&exchange, "SSH-2.0-whatever\r\n\r\n", 100, &out);
    assert_string_equal(buffer_text(&out), "malformed HTTP response");
    client_exchange_finish(&exchange);
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&text, "HTTP/1.1 200 OK\r\n");
    for (size_t i = 0; i <= HTTP_HEADERS_MAX; i++)
        buffer_add_string(&text, "A: b\r\n");
    buffer_add_string(&text, "\r\n");
    assert_read("GET", buffer_text(&text), "malformed HTTP response: headers too large");
}

static void interim_responses_have_an_end(void **state UNUSED) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 1000; i++)
        buffer_add_string(&text, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_read("GET", buffer_text(&text), "malformed HTTP response: too many interim responses");
}

// What the end of the input says after `text`: NULL if it completes the response.
static void assert_end(const char *text, const char *message) {
    struct client_exchange exchange;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_ERROR struct error err = {0};
    begin(&exchange, "GET");
    feed(&exchange, text, 100, &out);
    assert_int_equal(client_exchange_end_input(&exchange, &err), message == NULL);
    assert_string_equal(error_text(&err), message != NULL ? message : "");
    assert_int_equal(err.kind, message != NULL ? ERROR_CONNECTION : ERROR_NONE);
    if (message == NULL) {
        const char *data;
        size_t length;
        assert_int_equal(client_exchange_next(&exchange, &data, &length, NULL), CLIENT_EXCHANGE_END);
        assert_false(client_exchange_leaves_connection(&exchange));
    }
    client_exchange_finish(&exchange);
}

static void the_end_may_come_too_soon(void **state UNUSED) {
    assert_end("", "EOF");
    assert_end("HTTP/1.1 100 Continue\r\n\r\n", "EOF");
    assert_end("HTTP/1.1 200", "unexpected EOF");
    assert_end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "unexpected EOF");
    assert_end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n", "unexpected EOF");
    assert_end("HTTP/1.1 200 OK\r\n\r\nuntil close", NULL);
}

static bool leaves_connection(const char *text, size_t unsent) {
    struct client_exchange exchange;
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    size_t length;
    begin(&exchange, "GET");
    (void)client_exchange_output(&exchange, &length);
    client_exchange_note_sent(&exchange, length - unsent);
    feed(&exchange, text, 1000, &out);
    assert_true(strstr(buffer_text(&out), "|END") != NULL);
    bool leaves = client_exchange_leaves_connection(&exchange);
    client_exchange_finish(&exchange);
    return leaves;
}

static void connections_are_kept_when_nothing_is_left_over(void **state UNUSED) {
    assert_true(leaves_connection("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", 0));
    assert_false(leaves_connection("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", 0));
    assert_false(leaves_connection("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", 1));
    assert_false(leaves_connection("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", 0));
    assert_false(leaves_connection("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", 0));
}

static void switch_of_protocols_leaves_the_rest(void **state UNUSED) {
    const char key[WEBSOCKET_KEY_SIZE] = "dGhlIHNhbXBsZSBub25jZQ==";
    const struct client_request request = {.method = "GET", .target = "/x", .websocket_key = key};
    assert_output(&local, &request,
                  "GET /x HTTP/1.1\r\nHost: localhost\r\nUser-Agent: pebble/%s\r\nConnection: Upgrade\r\n"
                  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct client_exchange exchange;
    assert_true(client_exchange_init(&exchange, &local, &request, NULL));
    feed(&exchange,
         "HTTP/1.1 101 ?\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nframes",
         1000, &out);
    assert_string_equal(buffer_text(&out), "HEAD 101||END");
    assert_true(client_exchange_has_switched(&exchange));
    assert_int_equal(exchange.input_length, 6);
    assert_memory_equal(exchange.input, "frames", 6);
    client_exchange_finish(&exchange);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_written),
        cmocka_unit_test(what_is_no_request_is_refused),
        cmocka_unit_test(requests_are_shown_as_the_reference_does),
        cmocka_unit_test(output_is_sent_in_pieces),
        cmocka_unit_test(a_body_may_come_in_pieces),
        cmocka_unit_test(the_largest_piece_fits),
        cmocka_unit_test(responses_are_read_however_they_come),
        cmocka_unit_test(what_is_no_response_is_told),
        cmocka_unit_test(interim_responses_have_an_end),
        cmocka_unit_test(the_end_may_come_too_soon),
        cmocka_unit_test(switch_of_protocols_leaves_the_rest),
        cmocka_unit_test(connections_are_kept_when_nothing_is_left_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "wire/websocket.h"

// The example of RFC 6455 section 1.3.
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void keys(void **state UNUSED) {
    char accept[WEBSOCKET_ACCEPT_SIZE], key[WEBSOCKET_KEY_SIZE];
    websocket_make_accept(KEY, accept);
    assert_string_equal(accept, ACCEPT);
    websocket_make_key((const unsigned char *)"the sample nonce", key);
    assert_string_equal(key, KEY);
}

// NULL if the message is accepted.
static const char *check(enum http_reader_kind kind, const char *text) {
    struct http_reader reader;
    http_reader_init(&reader, kind);
    size_t length = strlen(text), data_length;
    const char *data, *reason = NULL;
    assert_int_equal(http_reader_next(&reader, &text, &length, &data, &data_length), HTTP_HEAD);
    const struct http_head *head = http_reader_head(&reader);
    bool is_good = kind == HTTP_READ_REQUEST ? websocket_check_request(head, &reason)
                                             : websocket_check_response(head, KEY, &reason);
    assert_int_equal(is_good, reason == NULL);
    http_reader_finish(&reader);
    return reason;
}

#define REQUEST(method, connection, upgrade, version, key)                                                             \
    check(HTTP_READ_REQUEST, method " / HTTP/1.1\r\nHost: x\r\nConnection: " connection "\r\nUpgrade: " upgrade        \
                                    "\r\nSec-WebSocket-Version: " version "\r\nSec-WebSocket-Key: " key "\r\n\r\n")

static void requests(void **state UNUSED) {
    assert_null(REQUEST("GET", "Upgrade", "websocket", "13", KEY));
    assert_null(REQUEST("GET", "keep-alive, upgrade", "h2c, WebSocket", "13", KEY));
    assert_string_equal(REQUEST("POST", "Upgrade", "websocket", "13", KEY),
                        "the client is not using the websocket protocol: request method is not GET");
    assert_string_equal(
        REQUEST("GET", "close", "websocket", "13", KEY),
        "the client is not using the websocket protocol: 'upgrade' token not found in 'Connection' header");
    assert_string_equal(
        REQUEST("GET", "Upgrade", "h2c", "13", KEY),
        "the client is not using the websocket protocol: 'websocket' token not found in 'Upgrade' header");
    assert_string_equal(REQUEST("GET", "Upgrade", "websocket", "8", KEY),
                        "unsupported version: 13 not found in 'Sec-Websocket-Version' header");
    static const char no_key[] =
        "not a websocket handshake: 'Sec-WebSocket-Key' header must be Base64 encoded value of 16-byte in length";
    assert_string_equal(REQUEST("GET", "Upgrade", "websocket", "13", ""), no_key);
    assert_string_equal(REQUEST("GET", "Upgrade", "websocket", "13", "dGhlIHNhbXBsZSBub25j"), no_key);
    assert_string_equal(REQUEST("GET", "Upgrade", "websocket", "13", "dGhlIHNhbXBsZSBub25j????"), no_key);
    assert_string_equal(
        check(HTTP_READ_REQUEST, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        "the client is not using the websocket protocol: 'upgrade' token not found in 'Connection' header");
}

#define RESPONSE(status, connection, upgrade, accept, more)                                                            \
    check(HTTP_READ_RESPONSE, "HTTP/1.1 " status " x\r\nConnection: " connection "\r\nUpgrade: " upgrade               \
                              "\r\nSec-WebSocket-Accept: " accept "\r\n" more "\r\n")

static void responses(void **state UNUSED) {
    assert_null(RESPONSE("101", "Upgrade", "websocket", ACCEPT, ""));
    assert_string_equal(RESPONSE("200", "Upgrade", "websocket", ACCEPT, ""), "status is not 101");
    assert_string_equal(RESPONSE("101", "close", "websocket", ACCEPT, ""), "Connection has no token \"upgrade\"");
    assert_string_equal(RESPONSE("101", "Upgrade", "other", ACCEPT, ""), "Upgrade has no token \"websocket\"");
    assert_string_equal(RESPONSE("101", "Upgrade", "websocket", KEY, ""), "Sec-WebSocket-Accept does not fit the key");
    assert_string_equal(RESPONSE("101", "Upgrade", "websocket", ACCEPT, "Sec-WebSocket-Extensions: x\r\n"),
                        "extension was not asked for");
    assert_string_equal(RESPONSE("101", "Upgrade", "websocket", ACCEPT, "Sec-WebSocket-Protocol: x\r\n"),
                        "subprotocol was not asked for");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(keys), cmocka_unit_test(requests), cmocka_unit_test(responses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: LGPL-3.0-or-later
// The opening handshake (RFC 6455 section 4). Declared in wire/websocket.h.
#include <sha1.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "wire/websocket.h"

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_BYTES 16
#define NO_WEBSOCKET "the client is not using the websocket protocol: "

static void encode(const void *data, size_t length, char *text, size_t size) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(size);
    base64_encode(&out, data, length);
    memcpy(text, buffer_text(&out), out.length + 1);
}

void websocket_make_key(const unsigned char random[16], char key[WEBSOCKET_KEY_SIZE]) {
    encode(random, KEY_BYTES, key, WEBSOCKET_KEY_SIZE);
}

void websocket_make_accept(const char *key, char accept[WEBSOCKET_ACCEPT_SIZE]) {
    uint8_t digest[SHA1_DIGEST_LENGTH];
    SHA1_CTX context;
    SHA1Init(&context);
    SHA1Update(&context, (const uint8_t *)key, strlen(key));
    SHA1Update(&context, (const uint8_t *)GUID, sizeof GUID - 1);
    SHA1Final(digest, &context);
    encode(digest, sizeof digest, accept, WEBSOCKET_ACCEPT_SIZE);
}

static bool is_key(const char *text) {
    AUTO_BUFFER struct buffer bytes = BUFFER_INIT(WEBSOCKET_KEY_SIZE);
    return text != NULL && strlen(text) == WEBSOCKET_KEY_SIZE - 1 && base64_decode(&bytes, text, strlen(text)) &&
           bytes.length == KEY_BYTES;
}

static bool refuse(const char **reason, const char *text) {
    *reason = text;
    return false;
}

bool websocket_check_request(const struct http_head *head, const char **reason) {
    if (!http_head_has_token(head, "Connection", "upgrade"))
        return refuse(reason, NO_WEBSOCKET "'upgrade' token not found in 'Connection' header");
    if (!http_head_has_token(head, "Upgrade", "websocket"))
        return refuse(reason, NO_WEBSOCKET "'websocket' token not found in 'Upgrade' header");
    if (!text_equal(head->method, "GET"))
        return refuse(reason, NO_WEBSOCKET "request method is not GET");
    if (!text_equal(http_head_get(head, "Sec-WebSocket-Version"), "13"))
        return refuse(reason, "unsupported version: 13 not found in 'Sec-Websocket-Version' header");
    if (!is_key(http_head_get(head, "Sec-WebSocket-Key")))
        return refuse(reason, "not a websocket handshake: 'Sec-WebSocket-Key' header must be Base64 "
                              "encoded value of 16-byte in length");
    return true;
}

bool websocket_check_response(const struct http_head *head, const char *key, const char **reason) {
    char accept[WEBSOCKET_ACCEPT_SIZE];
    websocket_make_accept(key, accept);
    if (head->status != 101)
        return refuse(reason, "status is not 101");
    if (!http_head_has_token(head, "Connection", "upgrade"))
        return refuse(reason, "Connection has no token \"upgrade\"");
    if (!http_head_has_token(head, "Upgrade", "websocket"))
        return refuse(reason, "Upgrade has no token \"websocket\"");
    if (!text_equal(http_head_get(head, "Sec-WebSocket-Accept"), accept))
        return refuse(reason, "Sec-WebSocket-Accept does not fit the key");
    if (http_head_get(head, "Sec-WebSocket-Extensions") != NULL)
        return refuse(reason, "extension was not asked for");
    if (http_head_get(head, "Sec-WebSocket-Protocol") != NULL)
        return refuse(reason, "subprotocol was not asked for");
    return true;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// The server's side of the opening handshake (RFC 6455 section 4.2). Declared in http/http_websocket.h.
#include "http/http_websocket.h"

#include <stdlib.h>

#include "base/memory.h"
#include "http/client_share_internal.h"
#include "http/http_response.h"
#include "http/http_websocket_internal.h"

struct acceptance {
    struct loop *loop;
    struct client_share *share;
    websocket_accepted_fn on_accepted;
    void *data;
};

static void on_stream_upgraded(struct stream *stream, const char *bytes, size_t length, void *data) {
    const struct acceptance acceptance = *(struct acceptance *)data;
    free(data);
    struct websocket *websocket = NULL;
    if (stream != NULL) {
        websocket = websocket_create(acceptance.loop, stream, bytes, length);
        websocket_use_share(websocket, acceptance.share);
    } else {
        client_share_destroy(acceptance.share);
    }
    acceptance.on_accepted(websocket, acceptance.data);
}

bool websocket_accept(struct http_exchange *exchange, struct loop *loop, websocket_accepted_fn on_accepted, void *data,
                      struct error *err) {
    const struct http_head *head = http_exchange_head(exchange);
    const char *reason = NULL;
    if (!websocket_check_request(head, &reason))
        return error_set(err, ERROR_BAD_REQUEST, "websocket: %s", reason);
    char accept[WEBSOCKET_ACCEPT_SIZE];
    websocket_make_accept(http_head_get(head, "Sec-WebSocket-Key"), accept);
    http_exchange_set_header(exchange, "Sec-WebSocket-Accept", accept);
    struct acceptance *acceptance = memory_new(sizeof *acceptance);
    *acceptance = (struct acceptance){
        .loop = loop, .share = client_share_create(exchange), .on_accepted = on_accepted, .data = data};
    if (http_upgrade(exchange, "websocket", on_stream_upgraded, acceptance, err))
        return true;
    client_share_destroy(acceptance->share);
    free(acceptance);
    return false;
}

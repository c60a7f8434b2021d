// SPDX-License-Identifier: GPL-3.0-or-later
// How a request is sent over its connection, with TLS for https:. Declared in http/http_client_internal.h.
#include "base/clock.h"
#include "http/http_client_internal.h"

#define HANDSHAKE_DEADLINE_NS (10 * NS_PER_S) // as Go's transport

static void on_handshake_expired(void *data) {
    fetch_fail(data, ERROR_TIMEOUT, "net/http: TLS handshake timeout");
}

static bool start_tls(struct http_fetch *fetch) {
    AUTO_ERROR struct error err = {0};
    struct tls_engine *engine;
    if (!client_trust_create_engine(fetch->client->trust, fetch->hop.url.host, &engine, &err)) {
        fetch_fail(fetch, err.kind, "%s", error_text(&err));
        return false;
    }
    stream_start_tls(fetch->stream, engine);
    fetch->handshake = timer_create_in(fetch->loop, on_handshake_expired, fetch);
    timer_start(fetch->handshake, HANDSHAKE_DEADLINE_NS);
    return true;
}

static void send_request(struct http_fetch *fetch) {
    AUTO_BUFFER struct buffer head = BUFFER_INIT(BUFFER_NO_LIMIT);
    fetch_add_request_head(fetch, &head);
    struct iovec pieces[] = {{.iov_base = head.data, .iov_len = head.length},
                             {.iov_base = fetch->body, .iov_len = fetch->hop.has_body ? fetch->body_length : 0}};
    stream_write(fetch->stream, pieces, ARRAY_COUNT(pieces));
}

void fetch_send(struct http_fetch *fetch) {
    if (hop_is_secure(&fetch->hop) && !fetch->is_reused && !start_tls(fetch))
        return;
    stream_set_handlers(fetch->stream, &fetch_stream_handlers, fetch);
    fetch_expect_response(fetch);
    fetch_set_state(fetch, FETCH_IN_HEAD);
    send_request(fetch);
    if (!fetch->is_paused)
        stream_read_start(fetch->stream);
}

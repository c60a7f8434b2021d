// SPDX-License-Identifier: GPL-3.0-or-later
// Tunnels through a proxy to https: servers (RFC 9110 section 9.3.6). Declared in http/http_client_internal.h.
#include "base/memory.h"
#include "http/http_client_internal.h"

// As in Go, the error is the reason that the proxy gives. The body of its response is not read.
static void fail_refused(struct http_fetch *fetch, const char *reason) {
    fetch_fail(fetch, ERROR_CONNECTION, "%.*s", FETCH_LINE_MAX, reason[0] != '\0' ? reason : "unknown status code");
}

static void take_response(struct http_fetch *fetch, size_t left) {
    const struct http_head *head = http_reader_head(&fetch->reader);
    if (head->status < 200 || head->status > 299)
        fail_refused(fetch, head->reason);
    else if (left > 0) // a server sends nothing before the client does
        fetch_fail(fetch, ERROR_CONNECTION, "unexpected data behind the response of the proxy");
    else
        fetch_send(fetch);
}

static void on_tunnel_data(struct stream *stream UNUSED, const char *bytes, size_t length, void *data) {
    struct http_fetch *fetch = data;
    const char *body;
    size_t body_length;
    fetch_keep_first_line(fetch, bytes, length);
    enum http_event event = http_reader_next(&fetch->reader, &bytes, &length, &body, &body_length);
    if (event == HTTP_HEAD)
        take_response(fetch, length);
    else if (event == HTTP_FAILED)
        fetch_fail_malformed(fetch);
}

void fetch_open_tunnel(struct http_fetch *fetch) {
    struct stream_handlers handlers = fetch_stream_handlers;
    AUTO_BUFFER struct buffer head = BUFFER_INIT(BUFFER_NO_LIMIT);
    fetch_add_connect_head(fetch, &head);
    handlers.on_data = on_tunnel_data;
    stream_set_handlers(fetch->stream, &handlers, fetch);
    fetch_expect_response(fetch);
    fetch_set_state(fetch, FETCH_TUNNELLING);
    stream_write(fetch->stream, &(const struct iovec){.iov_base = head.data, .iov_len = head.length}, 1);
    if (!fetch->is_paused)
        stream_read_start(fetch->stream);
}

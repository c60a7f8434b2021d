// SPDX-License-Identifier: GPL-3.0-or-later
// Reading a response. Declared in http/http_client_internal.h.
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "http/http_client_internal.h"

#define INTERIM_MAX 100

// --- what is wrong ---

// The beginning of the first line, as far as it is kept. That of an HTTP response is not what is wrong with it.
static char *shown_line(const struct http_fetch *fetch) {
    if (text_has_prefix(fetch->first_line, "HTTP/"))
        return memory_string("");
    AUTO_FREE char *line = memory_string_n(fetch->first_line, strcspn(fetch->first_line, "\r\n"));
    AUTO_FREE char *quoted = text_quoted(line);
    return memory_printf(" %s", quoted);
}

void fetch_fail_malformed(struct http_fetch *fetch) {
    const char *reason = http_reader_reason(&fetch->reader);
    if (fetch->state == FETCH_IN_BODY) {
        fetch_fail(fetch, ERROR_CONNECTION, "%s", reason);
    } else if (http_reader_status(&fetch->reader) == 431) {
        fetch_fail(fetch, ERROR_TOO_LARGE, "net/http: server response headers exceeded %zu bytes; aborted",
                   fetch->reader.head_limit_bytes);
    } else {
        AUTO_FREE char *line = shown_line(fetch);
        fetch_fail(fetch, ERROR_CONNECTION, "net/http: HTTP/1.x transport connection broken: %s%s", reason, line);
    }
}

void fetch_keep_first_line(struct http_fetch *fetch, const char *bytes, size_t length) {
    if (memchr(fetch->first_line, '\n', fetch->first_line_length) != NULL)
        return;
    size_t room = FETCH_LINE_MAX - fetch->first_line_length;
    size_t kept = length < room ? length : room;
    memcpy(fetch->first_line + fetch->first_line_length, bytes, kept);
    fetch->first_line_length += kept;
    fetch->first_line[fetch->first_line_length] = '\0';
}

// --- events of the reader ---

void fetch_expect_response(struct http_fetch *fetch) {
    http_reader_finish(&fetch->reader);
    http_reader_init(&fetch->reader, HTTP_READ_RESPONSE);
    fetch->first_line_length = 0;
}

static void take_head(struct http_fetch *fetch) {
    const struct http_head *head = http_reader_head(&fetch->reader);
    fetch->is_interim = head->status < 200 && head->status != 101;
    if (fetch->is_interim) {
        if (++fetch->interim_count > INTERIM_MAX)
            fetch_fail(fetch, ERROR_CONNECTION, "net/http: too many 1xx informational responses");
        return;
    }
    if (redirect_is_followed(head)) {
        if (redirect_follow(fetch, head)) {
            fetch_close_connection(fetch);
            fetch_set_state(fetch, FETCH_WAITING);
            fetch_defer_turn(fetch);
        }
        return;
    }
    if (text_equal(fetch->hop.method, "HEAD"))
        http_reader_skip_body(&fetch->reader);
    fetch->is_keepable = fetch_keeps_connection(fetch) && head->is_keep_alive && head->status != 101;
    fetch_set_state(fetch, FETCH_IN_BODY);
    if (fetch->handlers.on_head != NULL)
        fetch->handlers.on_head(fetch, head, fetch->data);
}

static void take_event(struct http_fetch *fetch, enum http_event event, const char *bytes, size_t length) {
    switch (event) {
    case HTTP_NEED_MORE:
        break;
    case HTTP_HEAD:
        take_head(fetch);
        break;
    case HTTP_BODY:
        if (fetch->handlers.on_body != NULL)
            fetch->handlers.on_body(fetch, bytes, length, fetch->data);
        break;
    case HTTP_END:
        if (!fetch->is_interim)
            fetch_end(fetch);
        break;
    case HTTP_FAILED:
        fetch_fail_malformed(fetch);
        break;
    }
}

static bool is_reading(const struct http_fetch *fetch) {
    return !fetch->is_paused && (fetch->state == FETCH_IN_HEAD || fetch->state == FETCH_IN_BODY);
}

void fetch_read(struct http_fetch *fetch, const char *bytes, size_t length) {
    enum http_event event = HTTP_HEAD;
    fetch->is_dispatching = true;
    while (event != HTTP_NEED_MORE && is_reading(fetch)) {
        const char *data;
        size_t data_length;
        event = http_reader_next(&fetch->reader, &bytes, &length, &data, &data_length);
        if (event == HTTP_END && length > 0) // more than was asked for
            fetch->is_keepable = false;
        take_event(fetch, event, data, data_length);
    }
    fetch->is_dispatching = false;
    if (fetch->is_cancelled)
        fetch_free(fetch);
    else if (fetch->is_paused)
        buffer_add(&fetch->held, bytes, length);
}

// --- events of the stream ---

static void on_stream_data(struct stream *stream UNUSED, const char *bytes, size_t length, void *data) {
    struct http_fetch *fetch = data;
    if (fetch->state == FETCH_IN_HEAD)
        fetch_keep_first_line(fetch, bytes, length);
    fetch_read(fetch, bytes, length);
}

// A server may close a connection that was kept at the very time when it is used again.
static bool begin_again(struct http_fetch *fetch) {
    if (!fetch->is_reused || fetch->state != FETCH_IN_HEAD || fetch->first_line_length > 0)
        return false;
    fetch_close_connection(fetch);
    fetch->hop_count = 0;
    fetch_set_state(fetch, FETCH_WAITING);
    fetch_defer_turn(fetch);
    return true;
}

static void on_stream_end(struct stream *stream UNUSED, void *data) {
    struct http_fetch *fetch = data;
    if (begin_again(fetch))
        return;
    if (http_reader_is_idle(&fetch->reader))
        fetch_fail(fetch, ERROR_CONNECTION, "EOF");
    else if (http_reader_end(&fetch->reader))
        fetch_read(fetch, "", 0);
    else if (fetch->state == FETCH_IN_HEAD)
        fetch_fail(fetch, ERROR_CONNECTION, "net/http: HTTP/1.x transport connection broken: unexpected EOF");
    else
        fetch_fail(fetch, ERROR_CONNECTION, "unexpected EOF");
}

static void on_stream_failed(struct stream *stream UNUSED, const struct error *err, void *data) {
    struct http_fetch *fetch = data;
    if (begin_again(fetch))
        return;
    int errnum = err->errnum;
    fetch_fail(fetch, ERROR_CONNECTION, "%s", error_text(err));
    fetch->err.errnum = errnum;
}

// The handshake is in time.
static void on_stream_established(struct stream *stream UNUSED, void *data) {
    struct http_fetch *fetch = data;
    timer_destroy(TAKE(fetch->handshake));
}

const struct stream_handlers fetch_stream_handlers = {.on_established = on_stream_established,
                                                      .on_data = on_stream_data,
                                                      .on_end = on_stream_end,
                                                      .on_failed = on_stream_failed};

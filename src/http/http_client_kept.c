// SPDX-License-Identifier: GPL-3.0-or-later
// A connection between two requests. Declared in http/http_client_internal.h.
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/http_client_internal.h"

#define IDLE_LIMIT_NS (90 * NS_PER_S) // as Go's transport

struct http_kept {
    struct stream *stream; // NULL: none
    struct timer *limit;
};

void fetch_close_stream(struct stream *stream) {
    if (stream_tls(stream) != NULL)
        stream_shut_down(stream); // the end of TLS, if it can be sent at once
    stream_destroy(stream);
}

static void close_connection(struct http_kept *kept) {
    timer_stop(kept->limit);
    if (kept->stream != NULL)
        fetch_close_stream(TAKE(kept->stream));
}

// --- while it is idle ---

static void on_limit_expired(void *data) {
    close_connection(data);
}

// A server has nothing to send that was not asked for.
static void on_stream_data(struct stream *stream UNUSED, const char *bytes UNUSED, size_t length UNUSED, void *data) {
    close_connection(data);
}

static void on_stream_end(struct stream *stream UNUSED, void *data) {
    close_connection(data);
}

static void on_stream_failed(struct stream *stream UNUSED, const struct error *err UNUSED, void *data) {
    close_connection(data);
}

void http_kept_put(struct http_kept *kept, struct stream *stream) {
    static const struct stream_handlers handlers = {
        .on_data = on_stream_data, .on_end = on_stream_end, .on_failed = on_stream_failed};
    close_connection(kept);
    kept->stream = stream;
    stream_set_handlers(stream, &handlers, kept);
    stream_read_start(stream);
    timer_start(kept->limit, IDLE_LIMIT_NS);
}

struct stream *http_kept_take(struct http_kept *kept) {
    timer_stop(kept->limit);
    return TAKE(kept->stream);
}

// --- for the owner ---

struct http_kept *http_kept_create(struct loop *loop) {
    struct http_kept *kept = memory_new(sizeof *kept);
    kept->limit = timer_create_in(loop, on_limit_expired, kept);
    return kept;
}

void http_kept_destroy(struct http_kept *kept) {
    if (kept == NULL)
        return;
    close_connection(kept);
    timer_destroy(kept->limit);
    free(kept);
}

bool http_kept_is_open(const struct http_kept *kept) {
    return kept->stream != NULL;
}

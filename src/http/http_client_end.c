// SPDX-License-Identifier: GPL-3.0-or-later
// How a fetch ends: with a response, with an error, or cancelled. Declared in http/http_client_internal.h.
#include <stdarg.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "http/http_client_internal.h"

void fetch_set_state(struct http_fetch *fetch, enum fetch_state state) {
    fetch->state = state;
}

void fetch_defer_turn(struct http_fetch *fetch) {
    loop_defer(fetch->loop, &fetch->turn, fetch->on_turn_due);
}

void fetch_close_connection(struct http_fetch *fetch) {
    client_trust_wait_cancel(&fetch->trust_wait);
    if (fetch->attempt != NULL)
        connector_cancel(TAKE(fetch->attempt));
    timer_destroy(TAKE(fetch->handshake));
    if (fetch->stream != NULL)
        fetch_close_stream(TAKE(fetch->stream));
}

void fetch_end(struct http_fetch *fetch) {
    if (fetch->kept != NULL && fetch->is_keepable && !error_is_set(&fetch->err))
        http_kept_put(fetch->kept, TAKE(fetch->stream));
    fetch_close_connection(fetch);
    timer_stop(fetch->deadline);
    fetch_set_state(fetch, FETCH_ENDED);
    fetch_defer_turn(fetch);
}

// "GET" reads "Get".
static char *shown_method(const char *method) {
    char *shown = memory_string(method);
    for (char *c = shown; *c != '\0'; c++)
        *c = c > shown && *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    return shown;
}

void fetch_fail_at(struct http_fetch *fetch, const char *url, enum error_kind kind, const char *message) {
    AUTO_FREE char *method = shown_method(fetch->method);
    AUTO_FREE char *quoted = text_quoted(url);
    error_set(&fetch->err, kind, "%s %s: %s", method, quoted, message);
    fetch_end(fetch);
}

void fetch_fail(struct http_fetch *fetch, enum error_kind kind, const char *format, ...) {
    AUTO_BUFFER struct buffer message = BUFFER_INIT(BUFFER_NO_LIMIT);
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(&message, format, arguments);
    va_end(arguments);
    if (fetch->state != FETCH_IN_BODY) {
        fetch_fail_at(fetch, fetch->hop.shown_url, kind, buffer_text(&message));
        return;
    }
    error_set(&fetch->err, kind, "%s", buffer_text(&message));
    fetch_end(fetch);
}

void fetch_expire(struct http_fetch *fetch) {
    fetch_fail(fetch, ERROR_TIMEOUT, "context deadline exceeded");
}

// Nothing of it is called any more.
static void fetch_release(struct http_fetch *fetch) {
    list_remove(&fetch->link);
    fetch_close_connection(fetch);
    timer_destroy(TAKE(fetch->deadline));
    loop_defer_cancel(fetch->loop, &fetch->turn);
    fetch_set_state(fetch, FETCH_ENDED);
}

void hop_finish(struct fetch_hop *hop) {
    url_finish(&hop->url);
    free(hop->shown_url);
    free(hop->method);
    free(hop->referer);
    *hop = (struct fetch_hop){0};
}

void fetch_free(struct http_fetch *fetch) {
    fetch_finish_request(fetch);
    http_reader_finish(&fetch->reader);
    hop_finish(&fetch->hop);
    free(fetch->origin_host);
    buffer_finish(&fetch->held);
    error_clear(&fetch->err);
    free(fetch);
}

void http_fetch_cancel(struct http_fetch *fetch) {
    fetch_release(fetch);
    if (fetch->is_dispatching)
        fetch->is_cancelled = true;
    else
        fetch_free(fetch);
}

void fetch_report_end(struct http_fetch *fetch) {
    bool has_failed = error_is_set(&fetch->err);
    if (fetch->is_paused && !has_failed)
        return;
    fetch_release(fetch);
    fetch->is_dispatching = true;
    if (fetch->handlers.on_end != NULL)
        fetch->handlers.on_end(fetch, has_failed ? &fetch->err : NULL, fetch->data);
    fetch_free(fetch);
}

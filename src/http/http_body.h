// SPDX-License-Identifier: GPL-3.0-or-later
// The body of a request. It is read only on request of the handler, at any time before the response begins. A client
// that has sent Expect: 100-continue gets its 100 Continue then. A body that is not requested is skipped after the
// response.
#pragma once

#include "http/http_exchange.h"

#include <stddef.h>

// Both functions may respond.
struct http_body_handlers {
    void (*on_piece)(struct http_exchange *exchange, const char *bytes, size_t length, void *data); // borrowed
    // Called once, after the last piece, also if there is no body. For an invalid or incomplete body, `err` is
    // ERROR_BAD_REQUEST with the message of Go's server ("unexpected EOF", "invalid byte in chunk length"); the handler
    // must respond also then, although the client may have disconnected.
    void (*on_end)(struct http_exchange *exchange, const struct error *err, void *data);
};
// At most once per exchange, including the functions below. The handlers are called after this has returned.
void http_exchange_read_body(struct http_exchange *exchange, const struct http_body_handlers *handlers, void *data);
// While paused, neither on_piece nor on_end is called and nothing is read from the client. May be called from on_piece.
void http_exchange_pause_body(struct http_exchange *exchange);
void http_exchange_resume_body(struct http_exchange *exchange);

// Like http_exchange_read_body(), but collects the body: `body` is what has been received, borrowed until the response.
// A body of more than `limit_bytes` is refused with ERROR_TOO_LARGE; if its length is known, before 100 Continue is
// sent. ERROR_UNAVAILABLE if the bodies of several requests together use too much memory.
typedef void (*http_body_fn)(struct http_exchange *exchange, const struct buffer *body, const struct error *err,
                             void *data);
void http_exchange_collect_body(struct http_exchange *exchange, size_t limit_bytes, http_body_fn on_body, void *data);

// Discards the body from now on. For long requests, so that a disconnect is noticed. A streamed response implies this
// unless the body was requested.
void http_exchange_skip_body(struct http_exchange *exchange);

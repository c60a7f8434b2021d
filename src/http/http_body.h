// SPDX-License-Identifier: GPL-3.0-or-later
// The body of a request, which is read only when it is asked for, at any time before the response begins. A client that
// has sent Expect: 100-continue gets its 100 then. A body that is not asked for is skipped after the response.
#pragma once

#include "http/http_exchange.h"

#include <stddef.h>

// Both may respond.
struct http_body_handlers {
    void (*on_piece)(struct http_exchange *exchange, const char *bytes, size_t length, void *data); // borrowed
    // Once, after the last piece, also if there is no body. With ERROR_BAD_REQUEST for a body that is broken or cut
    // off, and what Go's server would report ("unexpected EOF", "invalid byte in chunk length"); the client may be gone
    // then. The handler still has to respond.
    void (*on_end)(struct http_exchange *exchange, const struct error *err, void *data);
};
// Once for an exchange, which includes the two functions below. The handlers are called after this has returned.
void http_exchange_read_body(struct http_exchange *exchange, const struct http_body_handlers *handlers, void *data);
// Neither on_piece nor on_end is called while it is paused, and nothing is read from the client. Also from within
// on_piece.
void http_exchange_pause_body(struct http_exchange *exchange);
void http_exchange_resume_body(struct http_exchange *exchange);

// As http_exchange_read_body() for a whole body: `body` is what has come of it, borrowed until the response. One of
// more than `limit_bytes` is refused with ERROR_TOO_LARGE, and if its length is known, before the client is asked for
// it.
typedef void (*http_body_fn)(struct http_exchange *exchange, const struct buffer *body, const struct error *err,
                             void *data);
void http_exchange_collect_body(struct http_exchange *exchange, size_t limit_bytes, http_body_fn on_body, void *data);

// The body is not wanted: what comes of it is thrown away from now on. For an exchange that is kept long, so that a
// client that goes away is noticed. A streamed response begins with this unless the body was asked for.
void http_exchange_skip_body(struct http_exchange *exchange);

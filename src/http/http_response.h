// SPDX-License-Identifier: GPL-3.0-or-later
// Responses: whole, streamed, or an upgrade to another protocol. Data that cannot be sent at once is queued.
#pragma once

#include "http/http_exchange.h"
#include "net/stream.h"

#include <stddef.h>

// Sets a header of the response; replaces one with the same name. Control characters in the value become spaces. The
// server itself sets Content-Length, Transfer-Encoding, Connection and Date.
void http_exchange_set_header(struct http_exchange *exchange, const char *name, const char *value);

// Sends a whole response. `content_type` may be NULL. Ends the exchange.
void http_respond(struct http_exchange *exchange, int status, const char *content_type, const void *body,
                  size_t length);
// The same with a body in at most three pieces.
void http_respond_pieces(struct http_exchange *exchange, int status, const char *content_type,
                         const struct iovec *pieces, size_t count);
// Redirects to `location` with status 301 and an empty body. Ends the exchange.
void http_respond_redirect(struct http_exchange *exchange, const char *location);

// --- a streamed response: head, pieces, end ---

// Begins a streamed response. Pieces are sent as they are written (chunked in HTTP/1.1).
void http_stream_begin(struct http_exchange *exchange, int status, const char *content_type);
void http_stream_write(struct http_exchange *exchange, const void *data, size_t length);
// The number of bytes not sent yet. At HTTP_STREAM_HIGH_BYTES and above, write no more until on_drain.
#define HTTP_STREAM_HIGH_BYTES ((size_t)65536)
size_t http_stream_pending(const struct http_exchange *exchange);
// Also called when the client has disconnected and there is no on_cancel. Further data is dropped then.
void http_stream_on_drain(struct http_exchange *exchange, void (*on_drain)(struct http_exchange *exchange, void *data),
                          void *data);
void http_stream_end(struct http_exchange *exchange); // ends the exchange

// --- another protocol (RFC 9110 section 7.8) ---

// Receives ownership of the stream; sets its handlers and water marks, and starts to read. `bytes`, borrowed for the
// call, were received after the request. The stream is NULL if the client has disconnected or the server has ended.
typedef void (*http_upgraded_fn)(struct stream *stream, const char *bytes, size_t length, void *data);
// Responds 101 with Upgrade, `Connection: Upgrade` and the headers that were set, and passes the stream on in the next
// turn: on_upgraded is called exactly once. Ends the exchange. Fails if the client has disconnected or shut down its
// sending side (ERROR_CANCELLED), or if the request has an unread body or is HTTP/1.0 (ERROR_BAD_REQUEST); the handler
// must respond then.
//
// The stream is no longer a connection of the server: it does not count against the limits on connections and memory,
// and a shutdown neither waits for it nor closes it. The new owner must limit the number of such streams. Their
// descriptors count when the server checks whether descriptors are available for a new connection.
bool http_upgrade(struct http_exchange *exchange, const char *protocol, http_upgraded_fn on_upgraded, void *data,
                  struct error *err) NODISCARD;

// SPDX-License-Identifier: GPL-3.0-or-later
// Responses: whole, streamed, or the change to another protocol. What the client does not take at once is queued.
#pragma once

#include "http/http_exchange.h"
#include "net/stream.h"

#include <stddef.h>

// A header of the response, in the place of one with the same name. Control characters in the value become spaces.
// Content-Length, Transfer-Encoding, Connection and Date are the server's.
void http_exchange_set_header(struct http_exchange *exchange, const char *name, const char *value);

// A whole response. `content_type` NULL: none. Ends the exchange.
void http_respond(struct http_exchange *exchange, int status, const char *content_type, const void *body,
                  size_t length);
// 301 to `location` with an empty body. Ends the exchange.
void http_respond_redirect(struct http_exchange *exchange, const char *location);

// --- a streamed response: head, pieces, end ---

// Pieces go out as they come (chunked for HTTP/1.1).
void http_stream_begin(struct http_exchange *exchange, int status, const char *content_type);
void http_stream_write(struct http_exchange *exchange, const void *data, size_t length);
// Bytes that the client has not taken yet: write no more above HTTP_STREAM_HIGH_BYTES until on_drain.
#define HTTP_STREAM_HIGH_BYTES ((size_t)65536)
size_t http_stream_pending(const struct http_exchange *exchange);
// Also called when the client has gone and there is no on_cancel: all that is written from then on is dropped.
void http_stream_on_drain(struct http_exchange *exchange, void (*on_drain)(struct http_exchange *exchange, void *data),
                          void *data);
void http_stream_end(struct http_exchange *exchange); // ends the exchange

// --- another protocol (RFC 9110 section 7.8) ---

// The stream belongs to whoever is called, which sets its handlers, water marks, and starts to read. `bytes`, borrowed
// for the call, came behind the request. NULL if the client has gone, or the server has ended, meanwhile.
typedef void (*http_upgraded_fn)(struct stream *stream, const char *bytes, size_t length, void *data);
// Responds 101 with Upgrade, `Connection: Upgrade` and the headers that were set, and hands the stream over in the next
// turn: on_upgraded is called exactly once. Ends the exchange. False if that is not possible, because the client is
// gone or sends no more (ERROR_CANCELLED), or because the request has a body that was not read or is HTTP/1.0
// (ERROR_BAD_REQUEST); the exchange is still to be responded then.
//
// A stream that was handed over is no connection of the server any more: it counts neither against the connections that
// there may be nor against their memory, and a shut-down neither waits for it nor closes it. Its owner bounds how many
// there are. It holds a descriptor, which the server sees: no connection is accepted when descriptors run out.
bool http_upgrade(struct http_exchange *exchange, const char *protocol, http_upgraded_fn on_upgraded, void *data,
                  struct error *err) NODISCARD;

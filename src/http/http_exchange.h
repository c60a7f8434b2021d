// SPDX-License-Identifier: GPL-3.0-or-later
// One request and its response. Page: docs/internals/http.md.
//
// Life of an exchange:
//   created    when the head of a request is complete. No part of the body has been read.
//   handled    by the handler of the server, which is called once and responds at once or keeps the exchange. Later it
//              may read the body (http/http_body.h) and respond; it is notified of a disconnect
//              (http_exchange_on_cancel()).
//   responded  by exactly one of http_respond(), http_respond_redirect(), http_stream_end() or a successful
//              http_upgrade() (http/http_response.h), also if the client has disconnected. Then `on_responded` of the
//              server is called.
//   freed      when that has returned. Until then everything that the functions below return is valid.
//
// A disconnect, or the end of the server, does not free an exchange; its response is discarded then. No function of
// these headers calls a function of the handler, except `on_responded`. They are called from the loop.
#pragma once

#include "base/buffer.h"
#include "loop/shares.h"
#include "net/peer.h"
#include "tls/certificate.h"
#include "wire/http_message.h"
#include "wire/url.h"

struct http_exchange;

enum http_transport { HTTP_OVER_UNIX, HTTP_OVER_TCP, HTTP_OVER_TLS };

// --- the request; results are borrowed ---

const struct http_head *http_exchange_head(const struct http_exchange *exchange); // see http_head_get()
const char *http_exchange_method(const struct http_exchange *exchange);
const char *http_exchange_path(const struct http_exchange *exchange); // decoded
const struct url_query *http_exchange_query(struct http_exchange *exchange);
const char *http_exchange_raw_query(const struct http_exchange *exchange); // "" if there is none
// Adds method, path and query for a log line, without spaces but that behind the method. A query may have bytes that
// the log escapes. A client may have sent a megabyte of each; more than these numbers of bytes of method and target are
// cut, with "..." at the end.
#define HTTP_LOG_METHOD_BYTES ((size_t)32)
#define HTTP_LOG_TARGET_BYTES ((size_t)2048)
void http_exchange_log_request(const struct http_exchange *exchange, struct buffer *out);

enum http_transport http_exchange_transport(const struct http_exchange *exchange);
struct peer http_exchange_peer(const struct http_exchange *exchange);   // over Unix sockets
const char *http_exchange_remote(const struct http_exchange *exchange); // "127.0.0.1:4711" for TCP, "" for Unix sockets
// Of the client, over TLS; NULL otherwise, or if the certificate is malformed.
const struct certificate *http_exchange_certificate(const struct http_exchange *exchange);

// --- context of the handler ---

void http_exchange_set_context(struct http_exchange *exchange, void *context); // not interpreted
void *http_exchange_context(const struct http_exchange *exchange);

// Counts memory that the handler keeps for the request with that of its connection (docs/internals/http.md). Replaces
// what was counted before.
void http_exchange_count_bytes(struct http_exchange *exchange, size_t bytes);

// For responses that are written in many pieces: calls `run` when it is the turn of the client, see share_defer(). The
// call must be cancelled before the response is complete.
void http_exchange_defer(struct http_exchange *exchange, struct share_call *call, share_fn run);

// --- cancelling ---

// Sets a function that is called once if the client disconnects or shuts down its sending side before the response is
// complete, or when the grace period of a shutdown is over; if that has happened already, in the next turn. The handler
// must then respond at once. Without `on_cancel`, a client that has only shut down its sending side gets its response,
// so do not set it if a response is certain. While the body is unread or paused, a disconnect is not noticed; see
// http_exchange_skip_body().
typedef void (*http_cancel_fn)(struct http_exchange *exchange, void *data);
void http_exchange_on_cancel(struct http_exchange *exchange, http_cancel_fn on_cancel, void *data);
// False when the connection is gone. For long responses without `on_cancel`, which are for nobody then. A client that
// has closed its end may be noticed only when something is written.
bool http_exchange_has_client(const struct http_exchange *exchange);

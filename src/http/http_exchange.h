// SPDX-License-Identifier: GPL-3.0-or-later
// One request and its response. Page: docs/http.md.
//
// Life of an exchange:
//   created    when the head of a request is complete, however long its body is; nothing of the body is read yet.
//   handled    by the server's handler, which is called once and either responds at once or keeps the exchange. It may
//              take its time to decide (http_exchange_on_cancel()), read the body (http/http_body.h), and respond
//              later.
//   responded  by exactly one of http_respond(), http_respond_redirect(), http_stream_end() or a successful
//              http_upgrade() (http/http_response.h), whether or not the client is still there. Then `on_responded` of
//              the server is called.
//   freed      when that has returned. Until then everything that the functions below return is valid.
//
// A client that goes away, and even the end of the server, do not free an exchange: its response goes nowhere then.
// No function of these headers calls one of the handler's, but for on_responded, which belongs to responding. Those are
// called from the loop.
#pragma once

#include "base/buffer.h"
#include "net/peer.h"
#include "wire/http_message.h"
#include "wire/url.h"

struct http_exchange;

enum http_transport { HTTP_OVER_UNIX, HTTP_OVER_TCP };

// --- the request; what is returned is borrowed ---

const struct http_head *http_exchange_head(const struct http_exchange *exchange); // see http_head_get()
const char *http_exchange_method(const struct http_exchange *exchange);
const char *http_exchange_path(const struct http_exchange *exchange); // decoded
const struct url_query *http_exchange_query(struct http_exchange *exchange);
const char *http_exchange_raw_query(const struct http_exchange *exchange); // "" if there is none
// Adds path and query, escaped for a log line.
void http_exchange_log_target(const struct http_exchange *exchange, struct buffer *out);

enum http_transport http_exchange_transport(const struct http_exchange *exchange);
struct peer http_exchange_peer(const struct http_exchange *exchange);   // over Unix sockets
const char *http_exchange_remote(const struct http_exchange *exchange); // "127.0.0.1:4711" for TCP, "" for Unix sockets

// --- what the handler keeps with it ---

void http_exchange_set_context(struct http_exchange *exchange, void *context); // not looked at
void *http_exchange_context(const struct http_exchange *exchange);

// --- cancelling ---

// For an exchange that is kept: called once if its client goes away or stops sending before the response is complete (a
// streamed one too), or when the grace of a shut-down is over. The handler then responds at once. If that has happened
// already, the call comes in the next turn. Without on_cancel, a client that has only stopped sending gets its response
// as usual: do not set it where a response is sure to come. While a body is not asked for, or is paused, nothing is
// read and so a client's end is not noticed: see http_exchange_skip_body().
typedef void (*http_cancel_fn)(struct http_exchange *exchange, void *data);
void http_exchange_on_cancel(struct http_exchange *exchange, http_cancel_fn on_cancel, void *data);

// SPDX-License-Identifier: GPL-3.0-or-later
// The HTTP/1.1 server: connections, the life of a request, answers. One handler gets every request that is
// HTTP at all; it answers at once or keeps the request and answers later. Page: docs/http.md.
//
// Limits: HTTP_HEAD_LIMIT_BYTES of head (431), a head within 60 s of its first byte, 60 s without progress
// of a body or of an answer that the client does not read, connections bounded by the descriptors that the
// process may have; when they are all taken, the one that has been idle or incomplete longest is closed.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "loop/loop.h"
#include "net/listen.h"
#include "net/peer.h"
#include "wire/http_message.h"
#include "wire/url.h"

#include <stdbool.h>
#include <stdint.h>

struct http_server;
struct http_request;

enum http_transport { HTTP_OVER_UNIX, HTTP_OVER_TCP };

// A request whose head is complete. The handler has to answer it exactly once, now or later.
typedef void (*http_handle_fn)(struct http_request *request, void *data);
// The answer has been handed to the connection (or the client is gone): for the request log.
typedef void (*http_responded_fn)(const struct http_request *request, int status, int64_t duration_ns, void *data);

struct http_server_hooks {
    http_handle_fn handle;
    http_responded_fn responded; // may be NULL
    void *data;
};

struct http_server *http_server_create(struct loop *loop, const struct http_server_hooks *hooks)
    __attribute__((returns_nonnull));
// Everything is closed, and requests that are still kept are cancelled before this returns. Those that are not
// answered then stay valid and may still be answered, to nobody; `answered` is called for them all the same. Not from
// within a handler.
void http_server_destroy(struct http_server *server);
// Accepts connections at a listening socket, which it takes over.
bool http_server_listen(struct http_server *server, int fd, enum http_transport transport, struct error *err) NODISCARD;
// Accepts nothing more, closes idle connections, and calls `on_end` (once) when the last request has been
// answered, or after `grace_ns`: what is still kept is cancelled then and its connections are closed. Only the first
// call counts.
void http_server_shut_down(struct http_server *server, int64_t grace_ns, void (*on_end)(void *data), void *data);
size_t http_server_connections(const struct http_server *server);

// --- the request: valid until it has been answered ---
// No function below calls a function of the handler, but for http_request_read_body() where it says so, and
// `answered`.

// The method stays; target and headers are there only while `handle` runs, so copy what is needed later.
const struct http_head *http_request_head(const struct http_request *request);
const char *http_request_method(const struct http_request *request);
const char *http_request_path(const struct http_request *request); // decoded
const struct url_query *http_request_query(struct http_request *request);
const char *http_request_raw_query(const struct http_request *request);
void http_request_log_target(const struct http_request *request,
                             struct buffer *out); // path and query, escaped for a log line
enum http_transport http_request_transport(const struct http_request *request);
struct peer http_request_peer(const struct http_request *request);
// "127.0.0.1:4711" for TCP, "" for Unix sockets.
const char *http_request_remote(const struct http_request *request);
// The handler's own: kept for it, not looked at.
void http_request_set_context(struct http_request *request, void *context);
void *http_request_context(const struct http_request *request);

// To be called, if at all, while `handle` runs; a body that nobody reads is skipped. Collects the whole body, at most
// `limit_bytes`, then calls back (before this returns if there is none, or it is known to be too large). Beyond the
// limit ERROR_TOO_LARGE, for a broken or cut body ERROR_BAD_REQUEST with what Go's server would report
// ("unexpected EOF", "invalid byte in chunk length"); the handler still has to answer. The body is borrowed until the
// answer. If the client goes away before the body is complete, it calls back with an error.
typedef void (*http_body_fn)(struct http_request *request, const struct buffer *body, const struct error *err,
                             void *data);
void http_request_read_body(struct http_request *request, size_t limit_bytes, http_body_fn on_body, void *data);

// For a request that is kept: called once if its client goes away or stops sending before the answer is complete
// (a streamed one too), or when the grace of a shut-down is over. The handler then answers at once. If that has
// happened already, the call comes in the next turn. Without on_cancel, a request whose client has only stopped
// sending is answered as usual: do not set it where an answer is sure to come.
typedef void (*http_cancel_fn)(struct http_request *request, void *data);
void http_request_on_cancel(struct http_request *request, http_cancel_fn on_cancel, void *data);

// --- answers ---
// A whole answer. `content_type` NULL: none. Ends the request.
void http_respond(struct http_request *request, int status, const char *content_type, const void *body, size_t length);
// 301 to `location` with an empty body.
void http_respond_redirect(struct http_request *request, const char *location);

// A streamed answer: head, pieces, end. Pieces go out as they come (chunked for HTTP/1.1).
void http_stream_begin(struct http_request *request, int status, const char *content_type);
void http_stream_write(struct http_request *request, const void *data, size_t length);
// Bytes that the client has not taken yet: write no more above HTTP_STREAM_HIGH_BYTES until on_drain.
#define HTTP_STREAM_HIGH_BYTES ((size_t)65536)
size_t http_stream_pending(const struct http_request *request);
// Also called when the client has gone and there is no on_cancel: all that is written from then on is dropped.
void http_stream_on_drain(struct http_request *request, void (*on_drain)(struct http_request *request, void *data),
                          void *data);
void http_stream_end(struct http_request *request); // ends the request

// SPDX-License-Identifier: GPL-3.0-or-later
// Outgoing HTTP requests. Redirects, proxies and error texts follow Go's net/http (https://pkg.go.dev/net/http#Client).
// Each request has a connection of its own, unless its caller keeps one. Servers of https: URLs must be trusted by the
// system. All functions are called from the loop's thread.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "loop/loop.h"
#include "wire/http_message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connector;
struct proxy_settings;

struct http_client;
// One request with its redirects, until the last response has ended.
struct http_fetch;

// Connector and proxies are borrowed until the client is destroyed.
struct http_client *http_client_create(struct loop *loop, struct connector *connector,
                                       const struct proxy_settings *proxies) __attribute__((returns_nonnull));
void http_client_destroy(struct http_client *client); // cancels all that is under way; NULL is fine

// A connection that is kept after a request, for the next one to the same URL. It is closed when it has been idle for
// 90 s, as in Go, or when the server ends it.
struct http_kept;
struct http_kept *http_kept_create(struct loop *loop) __attribute__((returns_nonnull)); // without a connection
void http_kept_destroy(struct http_kept *kept); // not while a request uses it; NULL is fine
bool http_kept_is_open(const struct http_kept *kept);

struct http_fetch_header {
    const char *name;
    const char *value;
};

struct http_fetch_request {
    const char *method; // NULL: GET
    const char *url;    // user and password in it are sent as Basic credentials
    // Sent as they are. User-Agent takes the place of the usual one; Connection, Content-Length, Host,
    // Proxy-Connection, Trailer and Transfer-Encoding are left out, since they follow from the rest.
    const struct http_fetch_header *headers;
    size_t header_count;
    const char *user_agent; // NULL: Go-http-client/1.1
    const void *body;
    size_t body_length;
    int64_t deadline_ns;    // from now, for everything to the end of the response; 0: none
    unsigned redirects_max; // 0: 10. As with Go, the request that follows the last of them is not sent any more.
    // NULL: the connection is closed after the response. Else one that was kept is used, and that of this request is
    // kept. Borrowed until the end of the fetch, by one at a time. If a connection that was kept fails before anything
    // of the response has come, the request is sent again on a new one, whatever its method.
    struct http_kept *kept;
};

// All are called from the loop, never from within a function of this header; each may cancel the fetch, and the first
// two may pause it. NULL members are fine.
struct http_fetch_handlers {
    // The head of the last response, neither interim nor a redirect that is followed. Borrowed for the call, to the end
    // of which it lasts even if the fetch is cancelled.
    void (*on_head)(struct http_fetch *fetch, const struct http_head *head, void *data);
    // A piece of its body, borrowed for the call.
    void (*on_body)(struct http_fetch *fetch, const char *bytes, size_t length, void *data);
    // Exactly once unless the fetch is cancelled: the response is complete (`err` is NULL), or why there is none or not
    // all of it. The fetch is over: its pointer is only good for comparing. ERROR_BAD_REQUEST for a request that cannot
    // be sent, ERROR_TIMEOUT, ERROR_TOO_LARGE for a head beyond HTTP_HEAD_LIMIT_BYTES, ERROR_UNAVAILABLE as the
    // connector has it, ERROR_INTERNAL without memory for TLS; else ERROR_CONNECTION. `Get "URL": context deadline
    // exceeded`; after on_head without the URL, `unexpected EOF`.
    void (*on_end)(struct http_fetch *fetch, const struct error *err, void *data);
};

// The request is borrowed for the call, the body is copied. Errors come to on_end, those in the request too.
struct http_fetch *http_fetch_start(struct http_client *client, const struct http_fetch_request *request,
                                    const struct http_fetch_handlers *handlers, void *data)
    __attribute__((returns_nonnull));
// Stops reading: no on_head, no on_body and no end but that of an error until http_fetch_resume(). The deadline counts
// on.
void http_fetch_pause(struct http_fetch *fetch);
void http_fetch_resume(struct http_fetch *fetch);
void http_fetch_cancel(struct http_fetch *fetch); // no handler is called any more

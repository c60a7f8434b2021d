// SPDX-License-Identifier: GPL-3.0-or-later
// The HTTP/1.1 server. One handler gets every request that is HTTP at all, as an exchange (http/http_exchange.h).
// Page: docs/http.md.
//
// Limits: HTTP_HEAD_LIMIT_BYTES of head (431), a head within 60 s of its first byte, 60 s without progress of a body
// that is read or of a response that the client does not take, connections bounded by the descriptors that the process
// may have; when they are all taken, the one that has been idle or incomplete longest is closed.
#pragma once

#include "base/compiler.h"
#include "base/descriptors.h"
#include "base/error.h"
#include "http/http_exchange.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct http_server;

struct http_server_hooks {
    // A request whose head is complete, to be responded once, now or later.
    void (*handle)(struct http_exchange *exchange, void *data);
    // The response has been handed to the connection (or the client is gone): for the request log. May be NULL.
    void (*responded)(const struct http_exchange *exchange, int status, int64_t duration_ns, void *data);
    void *data;
};

// Each connection takes a descriptor from the budget, which outlives the server.
struct http_server *http_server_create(struct loop *loop, struct descriptor_budget *descriptors,
                                       const struct http_server_hooks *hooks) __attribute__((returns_nonnull));
// Everything is closed, and exchanges that are still kept are cancelled before this returns. Those that are not
// responded then stay valid and may still be responded, to nobody; `responded` is called for them all the same. NULL is
// fine. Not from within a handler.
void http_server_destroy(struct http_server *server);
// Accepts connections at a listening socket, which it takes over.
bool http_server_listen(struct http_server *server, int fd, enum http_transport transport, struct error *err) NODISCARD;
// Accepts nothing more, closes idle connections, and calls `on_end` (once) when the last request has been responded, or
// after `grace_ns`: what is still kept is cancelled then and its connections are closed. Only the first call counts.
void http_server_shut_down(struct http_server *server, int64_t grace_ns, void (*on_end)(void *data), void *data);
size_t http_server_connections(const struct http_server *server);

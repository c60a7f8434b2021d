// SPDX-License-Identifier: GPL-3.0-or-later
// The HTTP/1.1 server. One handler receives every valid request, as an exchange (http/http_exchange.h).
// Page: docs/internals/http.md.
//
// Limits: HTTP_HEAD_LIMIT_BYTES of head (431); 60 s for a head from its first byte; 60 s without progress while a body
// is read or a response is sent; 10 s for a handshake of TLS, and 256 of them at once: of more, the one that has taken
// longest is closed if that is a second, else the new one waits in the queue of the socket. 2048 connections over TLS:
// of more, one that has been held long is closed, or the new one waits. The number of connections is limited by the
// descriptors of the process. At that limit, a user or address with the most connections loses one for the new one. A
// part of the connections is reserved for administrators (peer_is_administrator()).
#pragma once

#include "base/compiler.h"
#include "base/descriptors.h"
#include "base/error.h"
#include "http/http_exchange.h"
#include "loop/loop.h"
#include "tls/tls_engine.h"

#include <stdbool.h>
#include <stdint.h>

struct http_server;

struct http_server_hooks {
    // Called for a request whose head is complete. Responds exactly once, at once or later.
    void (*handle)(struct http_exchange *exchange, void *data);
    // Called when the response has been passed to the connection, or discarded. For the request log. May be NULL.
    void (*responded)(const struct http_exchange *exchange, int status, int64_t duration_ns, void *data);
    void *data;
};

struct http_tls_hooks {
    // Creates the server's side of a new connection; owned by the connection.
    bool (*create_engine)(struct tls_engine **engine, void *data, struct error *err);
    // Called when that or the handshake has failed, with the client's address, or `unknown address` if the
    // client closed the connection before it was accepted. For a log. May be NULL.
    void (*handshake_failed)(const char *remote, const struct error *err, void *data);
    void *data;
};

// Each connection takes a descriptor from the budget, which must outlive the server.
struct http_server *http_server_create(struct loop *loop, struct descriptor_budget *descriptors,
                                       const struct http_server_hooks *hooks) __attribute__((returns_nonnull));
// Closes all connections and cancels pending exchanges before it returns. Exchanges without a response stay valid until
// they are responded to; the response is discarded, and `responded` is called. NULL is allowed. Must not be called from
// a handler.
void http_server_destroy(struct http_server *server);
// Accepts connections at a listening socket and takes ownership of it.
bool http_server_listen(struct http_server *server, int fd, enum http_transport transport, struct error *err) NODISCARD;
// The same for HTTP_OVER_TLS. The hooks count for all sockets over TLS.
bool http_server_listen_tls(struct http_server *server, int fd, const struct http_tls_hooks *hooks,
                            struct error *err) NODISCARD;
// Stops accepting, closes idle connections, and calls `on_end` once, when the last request has a response or after
// `grace_ns`; pending requests are then cancelled and their connections closed. Later calls have no effect.
void http_server_shut_down(struct http_server *server, int64_t grace_ns, void (*on_end)(void *data), void *data);
size_t http_server_connections(const struct http_server *server);

// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to libpebble: TLS over a socket. What the engine has to send, such as the handshake or the response to a key
// update, is sent by whichever function is called next; the owner waits for client_secure_events().
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "client/socket_internal.h"
#include "client/watch_internal.h"
#include "tls/tls_engine.h"

#include <stdbool.h>
#include <stddef.h>

struct client_secure {
    struct tls_engine *engine; // NULL: none
    bool has_input_ended;
    bool may_have_input; // the engine may hold bytes for which the socket will not become readable
    bool awaits_peer;    // the engine takes nothing to send before more is received
    bool has_peeked;     // a byte was read by client_secure_has_input()
    char peeked;
};

// `host` is borrowed for the call. ERROR_INTERNAL without memory.
bool client_secure_init(struct client_secure *secure, struct tls_context *context, const char *host,
                        struct error *err) NODISCARD;
// Sends close_notify if the socket takes it at once. The socket stays open. No effect if there is no engine.
void client_secure_finish(struct client_secure *secure, const struct client_socket *socket);

// Begins the handshake, or goes on. ERROR_CONNECTION.
enum client_progress client_secure_handshake(struct client_secure *secure, const struct client_socket *socket,
                                             struct error *err) NODISCARD;
// Both transfer as much as they can at once, up to the length. An end without close_notify is CLIENT_IO_FAILED. After
// CLIENT_IO_DONE a part of the bytes may still have to be sent: see client_secure_has_output().
enum client_io client_secure_send(struct client_secure *secure, const struct client_socket *socket, const char *bytes,
                                  size_t length, size_t *sent, struct error *err) NODISCARD;
enum client_io client_secure_receive(struct client_secure *secure, const struct client_socket *socket, char *bytes,
                                     size_t size, size_t *received, struct error *err) NODISCARD;
// Whether client_secure_receive() has bytes, the end, or a failure.
bool client_secure_has_input(struct client_secure *secure, const struct client_socket *socket);

// --- what to wait for ---

bool client_secure_has_output(const struct client_secure *secure);
// The events of the socket that stand for POLLIN and POLLOUT of the plaintext, whichever are asked for.
short client_secure_events(const struct client_secure *secure, short events);
// Whether bytes may be there to be read without an event.
bool client_secure_is_due(const struct client_secure *secure);
// Whether TLS has failed, for another reason than the end of the connection: a new one would fail too.
bool client_secure_is_refused(const struct client_secure *secure);

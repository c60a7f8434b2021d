// SPDX-License-Identifier: LGPL-3.0-or-later
// One TLS connection without I/O: ciphertext is passed in and out as bytes. The handshake makes progress with each call
// of tls_engine_read(). After every call there may be output to be sent, also after a failure: the alert, or a response
// to a client that speaks HTTP without TLS.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "tls/certificate.h"
#include "tls/tls_context.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct tls_engine;

enum tls_result {
    TLS_DATA,    // there are bytes
    TLS_WAITING, // more ciphertext is needed
    // The peer has ended its side in an orderly way (close_notify). Writing is still possible, unless the handshake is
    // not complete.
    TLS_END,
    TLS_FAILED, // also if the ciphertext has ended without close_notify: `unexpected EOF`
};

// `host` is the name or address (without brackets) of a client's server; NULL for a server. ERROR_INTERNAL without
// memory.
bool tls_engine_create(struct tls_context *context, const char *host, struct tls_engine **engine,
                       struct error *err) NODISCARD;
void tls_engine_destroy(struct tls_engine *engine); // sends no close_notify; NULL is allowed

// --- ciphertext ---

// Takes received bytes and returns how many, at most TLS_ENGINE_INPUT_BYTES_MAX until they are read.
#define TLS_ENGINE_INPUT_BYTES_MAX ((size_t)64 << 10)
size_t tls_engine_receive(struct tls_engine *engine, const void *bytes, size_t length);
// Nothing more will be received.
void tls_engine_receive_end(struct tls_engine *engine);
// The bytes to be sent; borrowed until the next call with this engine. NULL and 0 if there are none.
const void *tls_engine_output(const struct tls_engine *engine, size_t *length);
// The first bytes of the output have been sent.
void tls_engine_consume_output(struct tls_engine *engine, size_t length);
// The memory of what has been received and not read, and of the output.
size_t tls_engine_held_bytes(const struct tls_engine *engine);

// --- plaintext ---

// Reads up to `size` bytes, at least one; `length` is set with TLS_DATA only. Read until TLS_WAITING: received bytes
// may hold several records. A client calls it first, to begin the handshake. A failure stays: later calls return it
// again.
enum tls_result tls_engine_read(struct tls_engine *engine, void *bytes, size_t size, size_t *length,
                                struct error *err) NODISCARD;
// Encrypts bytes and sets `taken` to their number: all, but for what does not fit in an output of
// TLS_ENGINE_OUTPUT_BYTES, and none while a message of the handshake is incomplete: then try again after reading. Fails
// if the connection has failed, or after tls_engine_close().
#define TLS_ENGINE_OUTPUT_BYTES ((size_t)64 << 10)
bool tls_engine_write(struct tls_engine *engine, const struct iovec *pieces, size_t count, size_t *taken,
                      struct error *err) NODISCARD;
// Ends this side: adds close_notify to the output. No effect before the handshake is complete, after a failure, or a
// second time. Reading is still possible, writing is not.
void tls_engine_close(struct tls_engine *engine);

// --- state ---

// Whether this side has completed the handshake. A client's certificate may still be refused by the server then, which
// shows as a failure in reading.
bool tls_engine_is_established(const struct tls_engine *engine);
bool tls_engine_is_failed(const struct tls_engine *engine);
// Whether it has failed because the certificates of the peer are not accepted.
bool tls_engine_refuses_peer(const struct tls_engine *engine);
// The certificate of an established connection's peer; borrowed. NULL if there is none, or it is malformed.
struct certificate *tls_engine_peer_certificate(struct tls_engine *engine);
// The number of certificates that the peer has sent.
size_t tls_engine_peer_certificate_count(const struct tls_engine *engine);

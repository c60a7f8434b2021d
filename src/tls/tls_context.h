// SPDX-License-Identifier: LGPL-3.0-or-later
// What the connections of one kind have in common: the server's certificates, or what a client trusts.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "tls/certificate.h"
#include "tls/tls_key.h"
#include "tls/trust_store.h"

#include <stdbool.h>

// Counted: engines hold their context.
struct tls_context;

// A server: TLS 1.3 with HTTP/1.1; requires exactly one certificate of each client, and accepts any that the client has
// the key of. No sessions are resumed. ERROR_INTERNAL without memory.
bool tls_context_create_server(struct tls_context **context, struct error *err) NODISCARD;
// Sets what later engines of a server present: the leaf, with its key, and the identity. Engines that exist keep
// theirs. Without, handshakes fail. ERROR_INTERNAL if key and leaf do not belong together; the old chain then stays.
bool tls_context_set_chain(struct tls_context *context, const struct tls_key *key, const struct certificate *leaf,
                           const struct certificate *identity, struct error *err) NODISCARD;

// All members are borrowed for the call.
struct tls_client_spec {
    // The server's certificate must be signed by an authority in `trust` and be valid for the host; TLS 1.2 is allowed.
    const struct trust_store *trust;
    // In place of `trust`: the fingerprint of a certificate in the server's chain, which is the server's own or has
    // signed that; the host does not matter. SHA-256 of the certificate, 64 hexadecimal digits, also with colons; or of
    // its key, as tls_key_fingerprint().
    const char *fingerprint;
    // With which the client identifies itself; both NULL if it does not.
    const struct certificate *certificate;
    const struct tls_key *key;
};

// ERROR_BAD_REQUEST with `invalid fingerprint "…"`, or if key and certificate do not belong together: `tls: private key
// does not match public key`. ERROR_INTERNAL without memory.
bool tls_context_create_client(const struct tls_client_spec *spec, struct tls_context **context,
                               struct error *err) NODISCARD;

struct tls_context *tls_context_hold(struct tls_context *context) __attribute__((returns_nonnull));
void tls_context_release(struct tls_context *context); // NULL is allowed

// SPDX-License-Identifier: LGPL-3.0-or-later
// Private keys. Their memory is wiped before it is freed.
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

// The label of a PEM block with a key in PKCS#8 (RFC 5958).
#define TLS_KEY_LABEL "PRIVATE KEY"

struct tls_key;

// Makes a new Ed25519 key. ERROR_INTERNAL without randomness or memory.
bool tls_key_make(struct tls_key **key, struct error *err) NODISCARD;
// Reads an Ed25519 key, the whole content of a PEM block. ERROR_BAD_REQUEST: `ed25519 type private key expected` for
// another kind of key, `cannot parse private key: …`.
bool tls_key_read_ed25519(const void *pkcs8, size_t length, struct tls_key **key, struct error *err) NODISCARD;
// Reads the first block of a PEM text: a key of any kind, in PKCS#8 or the older forms `RSA PRIVATE KEY` and
// `EC PRIVATE KEY`, not encrypted. ERROR_BAD_REQUEST with `missing private key block`, `cannot parse private key: …`.
bool tls_key_read_pem(const char *text, size_t length, struct tls_key **key, struct error *err) NODISCARD;
void tls_key_destroy(struct tls_key *key); // NULL is allowed
// Adds the key as PEM in PKCS#8. Free the buffer with pem_wipe().
bool tls_key_add_pem(const struct tls_key *key, struct buffer *out, struct error *err) NODISCARD;

// The fingerprint of an Ed25519 key: base32 (RFC 4648 section 6, without padding) of SHA-384 of the public key.
#define TLS_FINGERPRINT_LENGTH 77
#define TLS_FINGERPRINT_SIZE (TLS_FINGERPRINT_LENGTH + 1)
// False for a key of another kind; `out` is then untouched.
bool tls_key_fingerprint(const struct tls_key *key, char out[TLS_FINGERPRINT_SIZE]) NODISCARD;

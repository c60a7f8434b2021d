// SPDX-License-Identifier: LGPL-3.0-or-later
// X.509 certificates (RFC 5280). A certificate does not change and is counted; all holders are in one thread.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "tls/tls_key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The label of a PEM block with a certificate.
#define CERTIFICATE_LABEL "CERTIFICATE"

struct certificate;

// --- reading and writing ---

// Reads a certificate in DER, the whole of the bytes. ERROR_BAD_REQUEST: `x509: malformed certificate`, also for
// encodings that are not DER and for times that are none.
bool certificate_from_der(const void *der, size_t length, struct certificate **certificate,
                          struct error *err) NODISCARD;
// Reads a PEM text with one block, behind which nothing follows: the above, and the errors of pem_read_only_block().
bool certificate_from_pem(const char *text, size_t length, struct certificate **certificate,
                          struct error *err) NODISCARD;
struct certificate *certificate_hold(struct certificate *certificate) __attribute__((returns_nonnull));
void certificate_release(struct certificate *certificate); // NULL is allowed
// For AUTO_CERTIFICATE.
void certificate_release_at(struct certificate **certificate);
#define AUTO_CERTIFICATE CLEANUP(certificate_release_at)
char *certificate_to_pem(const struct certificate *certificate); // owned
// The DER form; borrowed.
const unsigned char *certificate_der(const struct certificate *certificate, size_t *length);

// --- properties ---

// Whether both have the same DER form.
bool certificate_equal(const struct certificate *a, const struct certificate *b);
// Times are in seconds since 1970-01-01 UTC. Both ends of the validity are part of it.
bool certificate_is_valid_at(const struct certificate *certificate, int64_t time_s);
// The same with an error, ERROR_BAD_REQUEST with the message of Go's crypto/x509: `x509: certificate has expired or is
// not yet valid: current time TIME is after TIME`.
bool certificate_check_validity(const struct certificate *certificate, int64_t now_s, struct error *err) NODISCARD;
int64_t certificate_not_before_s(const struct certificate *certificate);
int64_t certificate_not_after_s(const struct certificate *certificate);
// Whether the extended key usage is absent, or has clientAuth or anyExtendedKeyUsage.
bool certificate_allows_client(const struct certificate *certificate);
// Whether the certificate is for the public part of the key.
bool certificate_has_key(const struct certificate *certificate, const struct tls_key *key);
// Whether the key has signed the certificate. Names and validity are not checked.
bool certificate_is_signed_by(const struct certificate *certificate, const struct tls_key *key);
// Whether the certificate's own key has signed it.
bool certificate_is_self_signed(const struct certificate *certificate);
// The fingerprint of the certificate's key, as tls_key_fingerprint(). False if that is no Ed25519 key.
bool certificate_key_fingerprint(const struct certificate *certificate, char out[TLS_FINGERPRINT_SIZE]) NODISCARD;
// SHA-256 of the DER form in lower-case hexadecimal digits.
#define CERTIFICATE_SHA256_SIZE 65
void certificate_sha256(const struct certificate *certificate, char out[CERTIFICATE_SHA256_SIZE]);

// --- making ---

// Both are named `pebble-` and the first eight characters of the identity key's fingerprint, and have random serial
// numbers. `now_s` is the beginning of their validity. ERROR_INTERNAL without randomness or memory, or with a key that
// is not Ed25519.
#define CERTIFICATE_IDENTITY_HOURS 87840
#define CERTIFICATE_LEAF_HOURS 1
// The certificate of an identity key, signed with it: a CA for leaves only.
bool certificate_make_identity(const struct tls_key *key, int64_t now_s, struct certificate **certificate,
                               struct error *err) NODISCARD;
// The certificate of `key`, with which a server identifies itself, signed with the identity's key.
bool certificate_make_leaf(const struct tls_key *key, const struct certificate *identity,
                           const struct tls_key *identity_key, int64_t now_s, struct certificate **certificate,
                           struct error *err) NODISCARD;

// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to tls/: keys as objects of OpenSSL.
#pragma once

#include "tls/tls_key.h"

#include <openssl/types.h>

EVP_PKEY *tls_key_pkey(const struct tls_key *key); // borrowed
// Like tls_key_fingerprint(), for a public key.
bool tls_key_public_fingerprint(const EVP_PKEY *pkey, char out[TLS_FINGERPRINT_SIZE]) NODISCARD;

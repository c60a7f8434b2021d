// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to tls/: what engines need of their context.
#pragma once

#include "tls/tls_context.h"

#include <openssl/types.h>

SSL_CTX *tls_context_ssl(const struct tls_context *context); // borrowed
bool tls_context_is_server(const struct tls_context *context);
// The fingerprint in the form of certificate_sha256() or tls_key_fingerprint(); NULL: a trust store counts. Borrowed.
const char *tls_context_fingerprint(const struct tls_context *context);

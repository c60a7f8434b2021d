// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to tls/: checks of the peer's certificates during the handshake.
#pragma once

#include "base/error.h"

#include <openssl/types.h>

// The application data (SSL_set_app_data()) of every connection.
struct tls_verification {
    const char *host;        // a client's: a name or an address
    const char *fingerprint; // a client's, as in its context; NULL: its trust store counts
    struct error failure;    // set by the check; with the messages of Go's crypto/tls and crypto/x509
};

// For SSL_CTX_set_cert_verify_callback(). A client must have exactly one certificate.
int tls_verify_client(X509_STORE_CTX *context, void *data);
// A server's certificate must be trusted and valid now.
int tls_verify_server(X509_STORE_CTX *context, void *data);

// SPDX-License-Identifier: LGPL-3.0-or-later
#include "tls/tls_context_internal.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"
#include "tls/certificate_internal.h"
#include "tls/openssl_internal.h"
#include "tls/tls_key_internal.h"
#include "tls/tls_verify_internal.h"
#include "tls/trust_store_internal.h"

// A client of a server has one certificate, which is seldom larger than 2 KiB.
#define CLIENT_CHAIN_BYTES_MAX ((size_t)32 << 10)
#define SHA256_HEX_CHARS (CERTIFICATE_SHA256_SIZE - 1)

static const unsigned char protocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// Compressed certificates (RFC 8879) would be unpacked to a size that the peer chooses. OpenSSL has them from 3.2 on.
#ifdef SSL_OP_NO_RX_CERTIFICATE_COMPRESSION
#define NO_COMPRESSION (SSL_OP_NO_RX_CERTIFICATE_COMPRESSION | SSL_OP_NO_TX_CERTIFICATE_COMPRESSION)
#else
#define NO_COMPRESSION 0
#endif

struct tls_context {
    unsigned references;
    bool is_server;
    SSL_CTX *ssl;
    char *fingerprint;
};

static bool create(const SSL_METHOD *method, struct tls_context **context, struct error *err) {
    SSL_CTX *ssl = SSL_CTX_new(method);
    if (ssl == NULL)
        return openssl_fail(err, "cannot create TLS context");
    SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    // Buffers of idle connections are freed. A write that could not be completed is tried again from another address.
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    *context = memory_new(sizeof **context);
    (*context)->references = 1;
    (*context)->ssl = ssl;
    return true;
}

struct tls_context *tls_context_hold(struct tls_context *context) {
    context->references++;
    return context;
}

void tls_context_release(struct tls_context *context) {
    if (context == NULL || --context->references > 0)
        return;
    SSL_CTX_free(context->ssl);
    free(context->fingerprint);
    free(context);
}

SSL_CTX *tls_context_ssl(const struct tls_context *context) {
    return context->ssl;
}

bool tls_context_is_server(const struct tls_context *context) {
    return context->is_server;
}

const char *tls_context_fingerprint(const struct tls_context *context) {
    return context->fingerprint;
}

// --- server ---

static int on_protocols_offered(SSL *ssl UNUSED, const unsigned char **chosen, unsigned char *length,
                                const unsigned char *offered, unsigned offered_length, void *data UNUSED) {
    unsigned char *found;
    if (SSL_select_next_proto(&found, length, protocols, sizeof protocols, offered, offered_length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

bool tls_context_create_server(struct tls_context **context, struct error *err) {
    openssl_start();
    struct tls_context *made;
    if (!create(TLS_server_method(), &made, err))
        return false;
    made->is_server = true;
    SSL_CTX_set_verify(made->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(made->ssl, tls_verify_client, NULL);
    SSL_CTX_set_max_cert_list(made->ssl, CLIENT_CHAIN_BYTES_MAX);
    SSL_CTX_set_alpn_select_cb(made->ssl, on_protocols_offered, NULL);
    if (SSL_CTX_set_min_proto_version(made->ssl, TLS1_3_VERSION) != 1 || SSL_CTX_set_num_tickets(made->ssl, 0) != 1) {
        tls_context_release(made);
        return openssl_fail(err, "cannot create TLS context");
    }
    *context = made;
    return true;
}

bool tls_context_set_chain(struct tls_context *context, const struct tls_key *key, const struct certificate *leaf,
                           const struct certificate *identity, struct error *err) {
    enum { REPLACE = 1 };
    STACK_OF(X509) *chain = sk_X509_new_null();
    bool is_set =
        chain != NULL && sk_X509_push(chain, certificate_x509(identity)) > 0 &&
        SSL_CTX_use_cert_and_key(context->ssl, certificate_x509(leaf), tls_key_pkey(key), chain, REPLACE) == 1;
    sk_X509_free(chain);
    return is_set || openssl_fail(err, "cannot use certificate");
}

// --- client ---

// Without colons, and the digits in lower case or the letters in upper case. NULL if it is none.
static char *normalise(const char *fingerprint) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(TLS_FINGERPRINT_LENGTH);
    for (const char *c = fingerprint; *c != '\0'; c++) {
        if (*c != ':')
            buffer_add_char(&text, *c);
    }
    const char *set = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    bool is_hex = text.length == SHA256_HEX_CHARS;
    if (is_hex)
        set = "0123456789abcdefABCDEF";
    if (!buffer_is_whole(&text) || (!is_hex && text.length != TLS_FINGERPRINT_LENGTH) ||
        strspn(buffer_text(&text), set) != text.length)
        return NULL;
    for (size_t i = 0; i < text.length; i++)
        text.data[i] = (char)(is_hex ? tolower(text.data[i]) : toupper(text.data[i]));
    return buffer_take(&text);
}

static bool set_trust(struct tls_context *context, const struct tls_client_spec *spec, struct error *err) {
    SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context->ssl, tls_verify_server, NULL);
    if (spec->fingerprint == NULL) {
        // As in Go, any certificate of the store is an authority, also one that is not self-signed.
        (void)X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context->ssl), X509_V_FLAG_PARTIAL_CHAIN);
        SSL_CTX_set1_cert_store(context->ssl, trust_store_x509(spec->trust));
        return SSL_CTX_set_min_proto_version(context->ssl, TLS1_2_VERSION) == 1 ||
               openssl_fail(err, "cannot create TLS context");
    }
    context->fingerprint = normalise(spec->fingerprint);
    if (context->fingerprint == NULL) {
        AUTO_FREE char *quoted = text_quoted(spec->fingerprint);
        return error_set(err, ERROR_BAD_REQUEST,
                         "invalid fingerprint %s: must be %d letters and digits (of the identity key) or %d "
                         "hexadecimal digits (of a certificate)",
                         quoted, TLS_FINGERPRINT_LENGTH, SHA256_HEX_CHARS);
    }
    return SSL_CTX_set_min_proto_version(context->ssl, TLS1_3_VERSION) == 1 ||
           openssl_fail(err, "cannot create TLS context");
}

static bool set_certificate(struct tls_context *context, const struct tls_client_spec *spec, struct error *err) {
    if (spec->certificate == NULL)
        return true;
    if (!certificate_has_key(spec->certificate, spec->key))
        return error_set(err, ERROR_BAD_REQUEST, "tls: private key does not match public key");
    return SSL_CTX_use_cert_and_key(context->ssl, certificate_x509(spec->certificate), tls_key_pkey(spec->key), NULL,
                                    1) == 1 ||
           openssl_fail(err, "cannot use certificate");
}

static bool set_protocols(struct tls_context *context, struct error *err) {
    return SSL_CTX_set_alpn_protos(context->ssl, protocols, sizeof protocols) == 0 ||
           openssl_fail(err, "cannot create TLS context");
}

bool tls_context_create_client(const struct tls_client_spec *spec, struct tls_context **context, struct error *err) {
    openssl_start();
    struct tls_context *made;
    if (!create(TLS_client_method(), &made, err))
        return false;
    if (!set_trust(made, spec, err) || !set_certificate(made, spec, err) || !set_protocols(made, err)) {
        tls_context_release(made);
        return false;
    }
    *context = made;
    return true;
}

// SPDX-License-Identifier: LGPL-3.0-or-later
#include "tls/tls_failure_internal.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <string.h>

#include "base/compiler.h"
#include "tls/openssl_internal.h"

// Alerts (RFC 8446 section 6) in Go's words.
static const char *const alerts[] = {
    [SSL3_AD_UNEXPECTED_MESSAGE] = "unexpected message",
    [SSL3_AD_BAD_RECORD_MAC] = "bad record MAC",
    [TLS1_AD_RECORD_OVERFLOW] = "record overflow",
    [SSL3_AD_HANDSHAKE_FAILURE] = "handshake failure",
    [SSL3_AD_BAD_CERTIFICATE] = "bad certificate",
    [SSL3_AD_UNSUPPORTED_CERTIFICATE] = "unsupported certificate",
    [SSL3_AD_CERTIFICATE_REVOKED] = "revoked certificate",
    [SSL3_AD_CERTIFICATE_EXPIRED] = "expired certificate",
    [SSL3_AD_CERTIFICATE_UNKNOWN] = "unknown certificate",
    [SSL3_AD_ILLEGAL_PARAMETER] = "illegal parameter",
    [TLS1_AD_UNKNOWN_CA] = "unknown certificate authority",
    [TLS1_AD_ACCESS_DENIED] = "access denied",
    [TLS1_AD_DECODE_ERROR] = "error decoding message",
    [TLS1_AD_DECRYPT_ERROR] = "error decrypting message",
    [TLS1_AD_PROTOCOL_VERSION] = "protocol version not supported",
    [TLS1_AD_INSUFFICIENT_SECURITY] = "insufficient security level",
    [TLS1_AD_INTERNAL_ERROR] = "internal error",
    [TLS1_AD_INAPPROPRIATE_FALLBACK] = "inappropriate fallback",
    [TLS1_AD_USER_CANCELLED] = "user canceled",
    [TLS1_AD_NO_RENEGOTIATION] = "no renegotiation",
    [TLS13_AD_MISSING_EXTENSION] = "missing extension",
    [TLS1_AD_UNSUPPORTED_EXTENSION] = "unsupported extension",
    [TLS1_AD_UNRECOGNIZED_NAME] = "unrecognized name",
    [TLS1_AD_BAD_CERTIFICATE_STATUS_RESPONSE] = "bad certificate status response",
    [TLS1_AD_UNKNOWN_PSK_IDENTITY] = "unknown PSK identity",
    [TLS13_AD_CERTIFICATE_REQUIRED] = "certificate required",
    [TLS1_AD_NO_APPLICATION_PROTOCOL] = "no application protocol",
};

static bool set_alert(struct error *err, int alert) {
    if (alert < (int)ARRAY_COUNT(alerts) && alerts[alert] != NULL)
        return error_set(err, ERROR_CONNECTION, "remote error: tls: %s", alerts[alert]);
    return error_set(err, ERROR_CONNECTION, "remote error: tls: alert(%d)", alert);
}

// NULL: none.
static const char *known_text(int reason, bool is_server) {
    switch (reason) {
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        return "unexpected EOF";
    case SSL_R_HTTP_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:
        return "tls: first record does not look like a TLS handshake";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
        return is_server ? "tls: client offered only unsupported versions"
                         : "tls: server selected unsupported protocol version";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return "tls: client didn't provide a certificate";
    case SSL_R_NO_APPLICATION_PROTOCOL:
        return "tls: client requested unsupported application protocols";
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
        return "local error: tls: bad record MAC";
    default:
        return NULL;
    }
}

static bool is_request(const char first[TLS_FIRST_BYTES]) {
    static const char requests[][TLS_FIRST_BYTES + 1] = {"GET /", "HEAD ", "POST ", "PUT /", "OPTIO"};
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        if (memcmp(first, requests[i], TLS_FIRST_BYTES) == 0)
            return true;
    }
    return false;
}

bool tls_failure_set_http(struct error *err, const char first[TLS_FIRST_BYTES], bool is_server) {
    if (is_server ? !is_request(first) : memcmp(first, "HTTP/", TLS_FIRST_BYTES) != 0)
        return false;
    (void)error_set(err, ERROR_CONNECTION, "%s",
                    is_server ? "client sent an HTTP request to an HTTPS server"
                              : "http: server gave HTTP response to HTTPS client");
    return true;
}

bool tls_failure_set(struct error *err, unsigned long code, bool is_server) {
    bool is_tls = ERR_GET_LIB(code) == ERR_LIB_SSL;
    int reason = ERR_GET_REASON(code);
    if (is_tls && reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256)
        return set_alert(err, reason - SSL_AD_REASON_OFFSET);
    const char *text = is_tls ? known_text(reason, is_server) : NULL;
    return text != NULL ? error_set(err, ERROR_CONNECTION, "%s", text)
                        : error_set(err, ERROR_CONNECTION, "tls: %s", openssl_reason(code));
}

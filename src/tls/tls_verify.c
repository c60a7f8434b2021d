// SPDX-License-Identifier: LGPL-3.0-or-later
#include "tls/tls_verify_internal.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/text.h"
#include "tls/certificate_internal.h"
#include "tls/tls_key_internal.h"

// As in Go: of more names only the number is shown.
#define NAMES_SHOWN_MAX 100
#define NAMES_BYTES_MAX ((size_t)16 << 10)
// As in Go: with a larger key, checking a signature takes milliseconds, whether it is right or not.
#define RSA_BITS_MAX 8192

static struct tls_verification *verification_of(X509_STORE_CTX *context) {
    const SSL *ssl = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx());
    return SSL_get_app_data(ssl);
}

// `code` is OpenSSL's name for the failure, from which it derives the alert. Returns false.
static bool refuse(X509_STORE_CTX *context, int code, const char *text) {
    X509_STORE_CTX_set_error(context, code);
    return error_set(&verification_of(context)->failure, ERROR_CONNECTION, "tls: failed to verify certificate: %s",
                     text);
}

static bool has_large_key(const X509 *x509) {
    const EVP_PKEY *key = X509_get0_pubkey(x509);
    int kind = key != NULL ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
    return (kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS) && EVP_PKEY_get_bits(key) > RSA_BITS_MAX;
}

int tls_verify_client(X509_STORE_CTX *context, void *data UNUSED) {
    struct error *failure = &verification_of(context)->failure;
    bool is_one = sk_X509_num(X509_STORE_CTX_get0_untrusted(context)) == 1;
    if (is_one && !has_large_key(X509_STORE_CTX_get0_cert(context))) {
        X509_STORE_CTX_set_error(context, X509_V_OK);
        return 1;
    }
    X509_STORE_CTX_set_error(context, X509_V_ERR_CERT_REJECTED);
    if (!is_one)
        (void)error_set(failure, ERROR_CONNECTION, "tls: expected one client certificate");
    else
        (void)error_set(failure, ERROR_CONNECTION,
                        "tls: client sent certificate containing RSA key larger than %d bits", RSA_BITS_MAX);
    return 0;
}

// --- validity ---

static bool check_time(X509_STORE_CTX *context, const X509 *x509) {
    AUTO_ERROR struct error err = {0};
    int64_t from, to, now = clock_wall_ns() / NS_PER_S;
    if (!certificate_time(X509_get0_notBefore(x509), &from) || !certificate_time(X509_get0_notAfter(x509), &to))
        return refuse(context, X509_V_ERR_CERT_REJECTED, "x509: malformed certificate");
    return certificate_check_times(from, to, now, &err) ||
           refuse(context, now < from ? X509_V_ERR_CERT_NOT_YET_VALID : X509_V_ERR_CERT_HAS_EXPIRED, error_text(&err));
}

// --- names ---

// Adds an alternative name. False if it is of another kind than asked for.
static bool add_name(struct buffer *out, const GENERAL_NAME *name, bool is_address) {
    int type;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
    if (type != (is_address ? GEN_IPADD : GEN_DNS))
        return false;
    const unsigned char *bytes = ASN1_STRING_get0_data(value);
    size_t length = (size_t)ASN1_STRING_length(value);
    char address[INET6_ADDRSTRLEN] = "";
    AUTO_BUFFER struct buffer plain = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (is_address && (length == 4 || length == 16))
        buffer_add_string(&plain, inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, address, sizeof address));
    else if (!is_address)
        text_add_without_nul(&plain, (const char *)bytes, length);
    if (out->length > 0)
        buffer_add_string(out, ", ");
    text_add_shown(out, buffer_text(&plain), "");
    return true;
}

// The names of one kind, separated by commas, and their number.
static int add_names(struct buffer *out, const X509 *x509, bool is_address) {
    int count = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        count += add_name(out, sk_GENERAL_NAME_value(names, i), is_address);
    GENERAL_NAMES_free(names);
    return count;
}

static bool relies_on_common_name(X509 *x509, const char *host) {
    return X509_get_ext_by_NID(x509, NID_subject_alt_name, -1) < 0 &&
           X509_check_host(x509, host, 0, X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT, NULL) == 1;
}

static bool refuse_host(X509_STORE_CTX *context, X509 *x509, const char *host, bool is_address) {
    AUTO_BUFFER struct buffer names = BUFFER_INIT(NAMES_BYTES_MAX), text = BUFFER_INIT(BUFFER_NO_LIMIT);
    int count = add_names(&names, x509, is_address);
    if (relies_on_common_name(x509, host))
        buffer_add_string(&text, "x509: certificate relies on legacy Common Name field, use SANs instead");
    else if (count == 0 && is_address)
        buffer_printf(&text, "x509: cannot validate certificate for %s because it doesn't contain any IP SANs", host);
    else if (count == 0)
        buffer_printf(&text, "x509: certificate is not valid for any names, but wanted to match %s", host);
    else if (count >= NAMES_SHOWN_MAX || !buffer_is_whole(&names))
        buffer_printf(&text, "x509: certificate is valid for %d names, but none matched %s", count, host);
    else
        buffer_printf(&text, "x509: certificate is valid for %s, not %s", buffer_text(&names), host);
    return refuse(context, is_address ? X509_V_ERR_IP_ADDRESS_MISMATCH : X509_V_ERR_HOSTNAME_MISMATCH,
                  buffer_text(&text));
}

static bool check_host(X509_STORE_CTX *context, X509 *x509, const char *host) {
    const unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
    bool is_address = address != NULL;
    ASN1_OCTET_STRING_free(address);
    int is_good = is_address ? X509_check_ip_asc(x509, host, 0) : X509_check_host(x509, host, 0, flags, NULL);
    return is_good == 1 || refuse_host(context, x509, host, is_address);
}

// --- trust ---

static bool refuse_chain(X509_STORE_CTX *context) {
    int code = X509_STORE_CTX_get_error(context);
    switch (code) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return refuse(context, code, "x509: certificate signed by unknown authority");
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return check_time(context, X509_STORE_CTX_get_current_cert(context)) &&
               refuse(context, code, "x509: certificate has expired or is not yet valid");
    case X509_V_ERR_INVALID_PURPOSE:
        return refuse(context, code, "x509: certificate specifies an incompatible key usage");
    default: {
        AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
        buffer_printf(&text, "x509: %s", X509_verify_cert_error_string(code));
        return refuse(context, code, buffer_text(&text));
    }
    }
}

// In the order of Go, which decides which of several faults is reported.
static bool check_store(X509_STORE_CTX *context, X509 *leaf, const char *host) {
    if (!check_time(context, leaf) || !check_host(context, leaf, host))
        return false;
    X509_STORE_CTX_set_time(context, 0, (time_t)(clock_wall_ns() / NS_PER_S));
    return X509_verify_cert(context) == 1 || refuse_chain(context);
}

// --- fingerprints ---

static bool has_fingerprint(const X509 *x509, const char *expected) {
    char key[TLS_FINGERPRINT_SIZE] = "", sha256[CERTIFICATE_SHA256_SIZE];
    EVP_PKEY *pkey = X509_get0_pubkey(x509);
    certificate_x509_sha256(x509, sha256);
    return strcmp(sha256, expected) == 0 ||
           (pkey != NULL && tls_key_public_fingerprint(pkey, key) && strcmp(key, expected) == 0);
}

static X509 *find_pinned(X509_STORE_CTX *context, const char *expected) {
    const STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(context);
    for (int i = 0; i < sk_X509_num(chain); i++) {
        if (has_fingerprint(sk_X509_value(chain, i), expected))
            return sk_X509_value(chain, i);
    }
    return NULL;
}

static bool is_issued_by(X509 *leaf, X509 *issuer) {
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    return X509_check_ca(issuer) == 1 && key != NULL && X509_verify(leaf, key) == 1;
}

// Shows the last certificate of the chain, a daemon's identity, in the form of `expected` if its key allows that.
static bool refuse_fingerprint(X509_STORE_CTX *context, const char *expected) {
    const STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(context);
    const X509 *last = sk_X509_value(chain, sk_X509_num(chain) - 1);
    char key[TLS_FINGERPRINT_SIZE], sha256[CERTIFICATE_SHA256_SIZE];
    EVP_PKEY *pkey = X509_get0_pubkey(last);
    bool has_key = strlen(expected) == TLS_FINGERPRINT_LENGTH && pkey != NULL && tls_key_public_fingerprint(pkey, key);
    certificate_x509_sha256(last, sha256);
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_printf(&text, "no certificate of the server has the expected fingerprint: that of the last is %s",
                  has_key ? key : sha256);
    return refuse(context, X509_V_ERR_CERT_REJECTED, buffer_text(&text));
}

// The authority is checked by hand: its leaves have the same name as itself.
static bool check_fingerprint(X509_STORE_CTX *context, X509 *leaf, const char *expected) {
    X509 *pinned = find_pinned(context, expected);
    if (pinned == NULL)
        return refuse_fingerprint(context, expected);
    if (pinned != leaf && !is_issued_by(leaf, pinned))
        return refuse(context, X509_V_ERR_CERT_SIGNATURE_FAILURE, "x509: certificate signed by unknown authority");
    if (X509_check_purpose(leaf, X509_PURPOSE_SSL_SERVER, 0) != 1)
        return refuse(context, X509_V_ERR_INVALID_PURPOSE, "x509: certificate specifies an incompatible key usage");
    return check_time(context, leaf) && check_time(context, pinned);
}

int tls_verify_server(X509_STORE_CTX *context, void *data UNUSED) {
    const struct tls_verification *verification = verification_of(context);
    X509 *leaf = X509_STORE_CTX_get0_cert(context);
    X509_STORE_CTX_set_error(context, X509_V_OK);
    bool is_good = verification->fingerprint != NULL ? check_fingerprint(context, leaf, verification->fingerprint)
                                                     : check_store(context, leaf, verification->host);
    ERR_clear_error();
    return is_good;
}

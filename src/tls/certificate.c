// SPDX-License-Identifier: LGPL-3.0-or-later
#include "tls/certificate_internal.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "tls/openssl_internal.h"
#include "tls/pem.h"
#include "tls/tls_key_internal.h"

#define SHA256_BYTES 32

struct certificate {
    unsigned references;
    X509 *x509;
    unsigned char *der; // OpenSSL's memory
    size_t der_length;
    int64_t not_before_s, not_after_s;
};

// --- reading and writing ---

static bool fail_parse(struct error *err) {
    ERR_clear_error();
    return error_set(err, ERROR_BAD_REQUEST, "x509: malformed certificate");
}

bool certificate_time(const ASN1_TIME *time, int64_t *seconds) {
    struct tm fields;
    if (ASN1_TIME_to_tm(time, &fields) != 1) {
        ERR_clear_error();
        return false;
    }
    *seconds = timegm(&fields);
    return true;
}

bool certificate_wrap(X509 *x509, struct certificate **certificate, struct error *err) {
    struct certificate *made = memory_new(sizeof *made);
    made->references = 1;
    made->x509 = x509;
    int length = i2d_X509(x509, &made->der);
    if (length <= 0 || !certificate_time(X509_get0_notBefore(x509), &made->not_before_s) ||
        !certificate_time(X509_get0_notAfter(x509), &made->not_after_s)) {
        certificate_release(made);
        return fail_parse(err);
    }
    made->der_length = (size_t)length;
    *certificate = made;
    return true;
}

bool certificate_from_der(const void *der, size_t length, struct certificate **certificate, struct error *err) {
    openssl_start();
    const unsigned char *at = der;
    X509 *x509 = length <= INT32_MAX ? d2i_X509(NULL, &at, (long)length) : NULL;
    struct certificate *made;
    if (x509 == NULL)
        return fail_parse(err);
    if (!certificate_wrap(x509, &made, err))
        return false;
    if (made->der_length != length || memcmp(made->der, der, length) != 0) {
        certificate_release(made);
        return fail_parse(err);
    }
    *certificate = made;
    return true;
}

bool certificate_from_pem(const char *text, size_t length, struct certificate **certificate, struct error *err) {
    AUTO_BUFFER struct buffer content = BUFFER_INIT(length);
    return pem_read_only_block(text, length, CERTIFICATE_LABEL, &content, err) &&
           certificate_from_der(buffer_text(&content), content.length, certificate, err);
}

struct certificate *certificate_hold(struct certificate *certificate) {
    certificate->references++;
    return certificate;
}

void certificate_release(struct certificate *certificate) {
    if (certificate == NULL || --certificate->references > 0)
        return;
    X509_free(certificate->x509);
    OPENSSL_free(certificate->der);
    free(certificate);
}

void certificate_release_at(struct certificate **certificate) {
    certificate_release(*certificate);
}

char *certificate_to_pem(const struct certificate *certificate) {
    struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    pem_add(&text, CERTIFICATE_LABEL, certificate->der, certificate->der_length);
    return buffer_take(&text);
}

const unsigned char *certificate_der(const struct certificate *certificate, size_t *length) {
    *length = certificate->der_length;
    return certificate->der;
}

X509 *certificate_x509(const struct certificate *certificate) {
    return certificate->x509;
}

// --- properties ---

bool certificate_equal(const struct certificate *a, const struct certificate *b) {
    return a->der_length == b->der_length && memcmp(a->der, b->der, a->der_length) == 0;
}

bool certificate_is_valid_at(const struct certificate *certificate, int64_t time_s) {
    return time_s >= certificate->not_before_s && time_s <= certificate->not_after_s;
}

bool certificate_check_times(int64_t from_s, int64_t to_s, int64_t now_s, struct error *err) {
    char now[CLOCK_TEXT_SIZE], limit[CLOCK_TEXT_SIZE];
    bool is_early = now_s < from_s;
    if (!is_early && now_s <= to_s)
        return true;
    clock_format_seconds(now_s, now);
    clock_format_seconds(is_early ? from_s : to_s, limit);
    return error_set(err, ERROR_BAD_REQUEST,
                     "x509: certificate has expired or is not yet valid: current time %s is %s %s", now,
                     is_early ? "before" : "after", limit);
}

bool certificate_check_validity(const struct certificate *certificate, int64_t now_s, struct error *err) {
    return certificate_check_times(certificate->not_before_s, certificate->not_after_s, now_s, err);
}

int64_t certificate_not_before_s(const struct certificate *certificate) {
    return certificate->not_before_s;
}

int64_t certificate_not_after_s(const struct certificate *certificate) {
    return certificate->not_after_s;
}

bool certificate_allows_client(const struct certificate *certificate) {
    int critical = 0;
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(certificate->x509, NID_ext_key_usage, &critical, NULL);
    // -1: absent. Otherwise, without a value, it is malformed or there are several.
    bool is_allowed = usages == NULL && critical == -1;
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
        int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i));
        is_allowed = is_allowed || nid == NID_client_auth || nid == NID_anyExtendedKeyUsage;
    }
    EXTENDED_KEY_USAGE_free(usages);
    ERR_clear_error();
    return is_allowed;
}

bool certificate_has_key(const struct certificate *certificate, const struct tls_key *key) {
    const EVP_PKEY *own = X509_get0_pubkey(certificate->x509);
    bool is_equal = own != NULL && EVP_PKEY_eq(own, tls_key_pkey(key)) == 1;
    ERR_clear_error();
    return is_equal;
}

bool certificate_is_signed_by(const struct certificate *certificate, const struct tls_key *key) {
    bool is_signed = X509_verify(certificate->x509, tls_key_pkey(key)) == 1;
    ERR_clear_error();
    return is_signed;
}

bool certificate_is_self_signed(const struct certificate *certificate) {
    EVP_PKEY *own = X509_get0_pubkey(certificate->x509);
    bool is_signed = own != NULL && X509_verify(certificate->x509, own) == 1;
    ERR_clear_error();
    return is_signed;
}

bool certificate_key_fingerprint(const struct certificate *certificate, char out[TLS_FINGERPRINT_SIZE]) {
    const EVP_PKEY *own = X509_get0_pubkey(certificate->x509);
    bool is_made = own != NULL && tls_key_public_fingerprint(own, out);
    ERR_clear_error();
    return is_made;
}

void certificate_x509_sha256(const X509 *x509, char out[CERTIFICATE_SHA256_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[SHA256_BYTES] = {0};
    // Without memory the fingerprint is empty, which equals none.
    unsigned length = 0;
    if (X509_digest(x509, EVP_sha256(), digest, &length) != 1)
        length = 0;
    ERR_clear_error();
    for (unsigned i = 0; i < length; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[(size_t)length * 2] = '\0';
}

void certificate_sha256(const struct certificate *certificate, char out[CERTIFICATE_SHA256_SIZE]) {
    certificate_x509_sha256(certificate->x509, out);
}

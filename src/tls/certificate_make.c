// SPDX-License-Identifier: LGPL-3.0-or-later
// Making certificates. Declared in tls/certificate.h.
#include "tls/certificate.h"

#include <openssl/bn.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "tls/certificate_internal.h"
#include "tls/openssl_internal.h"
#include "tls/tls_key_internal.h"

#define SERIAL_BITS 127 // positive, and at most 20 bytes (RFC 5280 section 4.1.2.2)
#define NAME_PREFIX "pebble-"
#define NAME_FINGERPRINT_CHARS 8
#define HOUR_S 3600

struct extension {
    int nid;
    const char *value; // in the language of x509v3_config(5)
};

static const struct extension identity_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
    {NID_undef, NULL},
};

static const struct extension leaf_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_ext_key_usage, "serverAuth"},
    // Issuer and subject have the same name. Without it OpenSSL takes the certificate for a self-signed one.
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
    {NID_undef, NULL},
};

struct issuer {
    const struct tls_key *key;
    X509 *certificate; // the certificate itself if it is self-signed
};

static bool set_serial(X509 *x509) {
    BIGNUM *number = BN_new();
    bool is_set = number != NULL && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != NULL;
    BN_free(number);
    return is_set;
}

static bool set_validity(X509 *x509, int64_t now_s, int64_t hours) {
    return ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)now_s) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)(now_s + hours * HOUR_S)) != NULL;
}

static bool set_names(X509 *x509, const struct tls_key *identity_key) {
    char fingerprint[TLS_FINGERPRINT_SIZE], text[sizeof NAME_PREFIX + NAME_FINGERPRINT_CHARS];
    if (!tls_key_fingerprint(identity_key, fingerprint))
        return false;
    (void)snprintf(text, sizeof text, NAME_PREFIX "%.*s", NAME_FINGERPRINT_CHARS, fingerprint);
    X509_NAME *name = X509_get_subject_name(x509);
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC, (const unsigned char *)text, -1, -1, 0) ==
               1 &&
           X509_set_issuer_name(x509, name) == 1;
}

static bool add_extensions(X509 *x509, X509 *issuer, const struct extension *extensions) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    for (; extensions->value != NULL; extensions++) {
        X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, extensions->nid, extensions->value);
        bool is_added = extension != NULL && X509_add_ext(x509, extension, -1) == 1;
        X509_EXTENSION_free(extension);
        if (!is_added)
            return false;
    }
    return true;
}

static bool make(X509 *x509, const struct tls_key *key, const struct issuer *issuer,
                 const struct extension *extensions) {
    return X509_set_version(x509, X509_VERSION_3) == 1 && set_serial(x509) && set_names(x509, issuer->key) &&
           X509_set_pubkey(x509, tls_key_pkey(key)) == 1 && add_extensions(x509, issuer->certificate, extensions) &&
           X509_sign(x509, tls_key_pkey(issuer->key), NULL) > 0;
}

static bool fail_make(X509 *x509, struct error *err) {
    X509_free(x509);
    return openssl_fail(err, "cannot make certificate");
}

bool certificate_make_identity(const struct tls_key *key, int64_t now_s, struct certificate **certificate,
                               struct error *err) {
    X509 *x509 = X509_new();
    struct issuer issuer = {key, x509};
    if (x509 == NULL || !set_validity(x509, now_s, CERTIFICATE_IDENTITY_HOURS) ||
        !make(x509, key, &issuer, identity_extensions))
        return fail_make(x509, err);
    return certificate_wrap(x509, certificate, err);
}

bool certificate_make_leaf(const struct tls_key *key, const struct certificate *identity,
                           const struct tls_key *identity_key, int64_t now_s, struct certificate **certificate,
                           struct error *err) {
    X509 *x509 = X509_new();
    struct issuer issuer = {identity_key, certificate_x509(identity)};
    if (x509 == NULL || !set_validity(x509, now_s, CERTIFICATE_LEAF_HOURS) ||
        !make(x509, key, &issuer, leaf_extensions))
        return fail_make(x509, err);
    return certificate_wrap(x509, certificate, err);
}

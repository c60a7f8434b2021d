// SPDX-License-Identifier: GPL-3.0-or-later
// Certificates of every kind for tests, made with OpenSSL.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "tls/certificate.h"

#define DAY_S 86400

struct certificate_fixture {
    EVP_PKEY *key;
    X509 *x509;
};

// Members that are NULL or 0 are left out.
struct certificate_fixture_spec {
    const char *name, *alternative_names, *usage, *constraints;
    int64_t from_s, to_s;                     // relative to now; the default is from a day ago to a day from now
    const struct certificate_fixture *issuer; // NULL: self-signed
    const char *algorithm;                    // the default is ED25519
};

static inline void fixture_extend(X509 *x509, int nid, const char *value) {
    X509_EXTENSION *extension = value != NULL ? X509V3_EXT_conf_nid(NULL, NULL, nid, value) : NULL;
    assert_true(value == NULL || (extension != NULL && X509_add_ext(x509, extension, -1) == 1));
    X509_EXTENSION_free(extension);
}

static inline struct certificate_fixture fixture_make(struct certificate_fixture_spec spec) {
    struct certificate_fixture made = {NULL, X509_new()};
    const char *algorithm = spec.algorithm != NULL ? spec.algorithm : "ED25519";
    made.key = strcmp(algorithm, "RSA") == 0  ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
               : strcmp(algorithm, "EC") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
                                              : EVP_PKEY_Q_keygen(NULL, NULL, algorithm);
    assert_non_null(made.key);
    const struct certificate_fixture *issuer = spec.issuer != NULL ? spec.issuer : &made;
    time_t now = time(NULL);
    X509_set_version(made.x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.x509), 1);
    ASN1_TIME_set(X509_getm_notBefore(made.x509), now + (spec.from_s != 0 ? spec.from_s : -DAY_S));
    ASN1_TIME_set(X509_getm_notAfter(made.x509), now + (spec.to_s != 0 ? spec.to_s : DAY_S));
    X509_NAME_add_entry_by_NID(X509_get_subject_name(made.x509), NID_commonName, MBSTRING_UTF8,
                               (const unsigned char *)spec.name, -1, -1, 0);
    X509_set_issuer_name(made.x509, X509_get_subject_name(issuer->x509));
    X509_set_pubkey(made.x509, made.key);
    fixture_extend(made.x509, NID_subject_alt_name, spec.alternative_names);
    fixture_extend(made.x509, NID_ext_key_usage, spec.usage);
    fixture_extend(made.x509, NID_basic_constraints, spec.constraints);
    assert_true(X509_sign(made.x509, issuer->key, EVP_PKEY_is_a(issuer->key, "ED25519") ? NULL : EVP_sha256()) > 0);
    return made;
}

static inline void fixture_finish(struct certificate_fixture *fixture) {
    EVP_PKEY_free(fixture->key);
    X509_free(fixture->x509);
}

static inline struct certificate *fixture_certificate(const struct certificate_fixture *fixture) {
    unsigned char *der = NULL;
    int length = i2d_X509(fixture->x509, &der);
    assert_true(length > 0);
    struct certificate *certificate;
    assert_true(certificate_from_der(der, (size_t)length, &certificate, NULL));
    OPENSSL_free(der);
    return certificate;
}

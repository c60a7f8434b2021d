// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tls/certificate.h"

#define NOW INT64_C(1767225600) // 2026-01-01

struct made {
    struct tls_key *identity_key, *key;
    struct certificate *identity, *leaf;
    X509 *identity_x509, *leaf_x509;
};

static X509 *parse(const struct certificate *certificate) {
    size_t length;
    const unsigned char *der = certificate_der(certificate, &length);
    X509 *x509 = d2i_X509(NULL, &der, (long)length);
    assert_non_null(x509);
    return x509;
}

static int set_up(void **state) {
    struct made *made = memory_new(sizeof *made);
    assert_true(tls_key_make(&made->identity_key, NULL));
    assert_true(tls_key_make(&made->key, NULL));
    assert_true(certificate_make_identity(made->identity_key, NOW, &made->identity, NULL));
    assert_true(certificate_make_leaf(made->key, made->identity, made->identity_key, NOW, &made->leaf, NULL));
    made->identity_x509 = parse(made->identity);
    made->leaf_x509 = parse(made->leaf);
    *state = made;
    return 0;
}

static int tear_down(void **state) {
    struct made *made = *state;
    X509_free(made->leaf_x509);
    X509_free(made->identity_x509);
    certificate_release(made->leaf);
    certificate_release(made->identity);
    tls_key_destroy(made->key);
    tls_key_destroy(made->identity_key);
    free(made);
    return 0;
}

static void assert_name(X509_NAME *name, const char *expected) {
    char *text = X509_NAME_oneline(name, NULL, 0);
    assert_string_equal(text, expected);
    OPENSSL_free(text);
}

static void names(void **state) {
    struct made *made = *state;
    char fingerprint[TLS_FINGERPRINT_SIZE], other[TLS_FINGERPRINT_SIZE];
    assert_true(tls_key_fingerprint(made->identity_key, fingerprint));
    assert_true(certificate_key_fingerprint(made->identity, other));
    assert_string_equal(fingerprint, other);
    AUTO_FREE char *expected = memory_printf("/CN=pebble-%.8s", fingerprint);
    assert_name(X509_get_subject_name(made->identity_x509), expected);
    assert_name(X509_get_issuer_name(made->identity_x509), expected);
    assert_name(X509_get_subject_name(made->leaf_x509), expected);
    assert_name(X509_get_issuer_name(made->leaf_x509), expected);
}

static void serials(void **state) {
    struct made *made = *state;
    const ASN1_INTEGER *serial = X509_get0_serialNumber(made->identity_x509);
    assert_true(ASN1_STRING_length(serial) == 16);
    assert_false(ASN1_STRING_type(serial) & V_ASN1_NEG);
    assert_int_not_equal(ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(made->leaf_x509)), 0);
}

static void validity(void **state) {
    struct made *made = *state;
    assert_int_equal(certificate_not_before_s(made->identity), NOW);
    assert_int_equal(certificate_not_after_s(made->identity), NOW + INT64_C(87840) * 3600);
    assert_int_equal(certificate_not_before_s(made->leaf), NOW);
    assert_int_equal(certificate_not_after_s(made->leaf), NOW + 3600);
}

static void identity_extensions(void **state) {
    X509 *x509 = ((struct made *)*state)->identity_x509;
    assert_int_equal(X509_get_version(x509), X509_VERSION_3);
    assert_int_equal(X509_check_ca(x509), 1);
    assert_int_equal(X509_get_pathlen(x509), 0);
    assert_int_equal(X509_get_key_usage(x509), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_int_equal(X509_get_extended_key_usage(x509), UINT32_MAX);
    assert_int_equal(X509_get_ext_by_NID(x509, NID_subject_alt_name, -1), -1);
}

static void leaf_extensions(void **state) {
    X509 *x509 = ((struct made *)*state)->leaf_x509;
    assert_int_equal(X509_get_version(x509), X509_VERSION_3);
    assert_int_equal(X509_check_ca(x509), 0);
    assert_true(X509_get_ext_by_NID(x509, NID_basic_constraints, -1) >= 0);
    assert_int_equal(X509_get_key_usage(x509), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(x509), XKU_SSL_SERVER);
    assert_int_equal(X509_get_ext_by_NID(x509, NID_subject_alt_name, -1), -1);
}

static void signatures(void **state) {
    struct made *made = *state;
    assert_int_equal(X509_verify(made->leaf_x509, X509_get0_pubkey(made->identity_x509)), 1);
    assert_int_equal(X509_verify(made->identity_x509, X509_get0_pubkey(made->identity_x509)), 1);
    assert_true(certificate_is_signed_by(made->leaf, made->identity_key));
    assert_true(certificate_is_signed_by(made->identity, made->identity_key));
    assert_false(certificate_is_signed_by(made->leaf, made->key));
    assert_true(certificate_has_key(made->leaf, made->key));
    assert_true(certificate_has_key(made->identity, made->identity_key));
    assert_false(certificate_has_key(made->leaf, made->identity_key));
}

// OpenSSL accepts the chain, though both certificates have the same name.
static void chain(void **state) {
    struct made *made = *state;
    X509_STORE *store = X509_STORE_new();
    X509_STORE_add_cert(store, made->identity_x509);
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, made->leaf_x509, NULL);
    X509_STORE_CTX_set_time(context, 0, NOW + 10);
    X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
    int is_good = X509_verify_cert(context);
    assert_string_equal(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)), "ok");
    assert_int_equal(is_good, 1);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
}

static void other_key(void **state UNUSED) {
    static const char ec[] = "-----BEGIN EC PRIVATE KEY-----\n"
                             "MHcCAQEEIJBad5xBLmf3/nB/nKjwVpv89L4FYE4zGjla3QKHTY9goAoGCCqGSM49\n"
                             "AwEHoUQDQgAEt9/eHFVbE/vLpPoYU4W/Rftb3jB9x/3ww566QmVSvitQG+IwQohx\n"
                             "C+ZAinm2deXr/K/+J6+FybY9Ahyy8smW1g==\n"
                             "-----END EC PRIVATE KEY-----\n";
    struct tls_key *key;
    struct certificate *none = NULL;
    AUTO_ERROR struct error err = {0};
    assert_true(tls_key_read_pem(ec, strlen(ec), &key, NULL));
    assert_false(certificate_make_identity(key, NOW, &none, &err));
    assert_null(none);
    assert_int_equal(err.kind, ERROR_INTERNAL);
    assert_int_equal(ERR_peek_error(), 0);
    tls_key_destroy(key);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),      cmocka_unit_test(serials),
        cmocka_unit_test(validity),   cmocka_unit_test(identity_extensions),
        cmocka_unit_test(signatures), cmocka_unit_test(leaf_extensions),
        cmocka_unit_test(chain),      cmocka_unit_test(other_key),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

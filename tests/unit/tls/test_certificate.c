// SPDX-License-Identifier: GPL-3.0-or-later
#include "certificate_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "tls/pem.h"

static struct certificate *make(struct certificate_fixture_spec spec) {
    spec.name = "wren";
    struct certificate_fixture fixture = fixture_make(spec);
    struct certificate *certificate = fixture_certificate(&fixture);
    fixture_finish(&fixture);
    return certificate;
}

static void pem(void **state UNUSED) {
    AUTO_CERTIFICATE struct certificate *certificate = make((struct certificate_fixture_spec){0});
    AUTO_FREE char *text = certificate_to_pem(certificate);
    AUTO_CERTIFICATE struct certificate *again = NULL;
    assert_true(certificate_from_pem(text, strlen(text), &again, NULL));
    assert_true(certificate_equal(certificate, again));
    size_t length, length_again;
    const unsigned char *der = certificate_der(certificate, &length);
    assert_memory_equal(der, certificate_der(again, &length_again), length);
    assert_int_equal(length, length_again);

    AUTO_FREE char *more = memory_printf("%s\n", text);
    AUTO_ERROR struct error err = {0};
    assert_false(certificate_from_pem(more, strlen(more), &again, &err));
    assert_string_equal(error_text(&err), "unexpected bytes after 'CERTIFICATE' block");
    assert_false(certificate_from_pem("", 0, &again, &err));
    assert_string_equal(error_text(&err), "missing 'CERTIFICATE' block");
    assert_true(certificate_equal(certificate, again));
}

static void malformed(void **state UNUSED) {
    AUTO_CERTIFICATE struct certificate *certificate = make((struct certificate_fixture_spec){0});
    struct certificate *none = NULL;
    size_t length;
    const unsigned char *der = certificate_der(certificate, &length);
    unsigned char *changed = memory_new(length + 1);
    memcpy(changed, der, length);
    AUTO_ERROR struct error err = {0};
    assert_false(certificate_from_der(changed, length + 1, &none, &err));
    assert_string_equal(error_text(&err), "x509: malformed certificate");
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    assert_false(certificate_from_der(changed, length - 1, &none, NULL));
    assert_false(certificate_from_der(changed, 0, &none, NULL));
    changed[0] = 0x31;
    assert_false(certificate_from_der(changed, length, &none, NULL));
    assert_null(none);
    free(changed);
}

// The length of the outermost sequence in three bytes instead of two is allowed by BER but not by DER.
static void not_der(void **state UNUSED) {
    AUTO_CERTIFICATE struct certificate *certificate =
        make((struct certificate_fixture_spec){.constraints = "CA:TRUE"});
    struct certificate *none = NULL;
    size_t length;
    const unsigned char *der = certificate_der(certificate, &length);
    size_t head = der[1] == 0x82 ? 4 : der[1] == 0x81 ? 3 : 2, content = length - head;
    unsigned char *ber = memory_new(content + 5);
    memcpy(ber, (unsigned char[]){0x30, 0x83, 0, (unsigned char)(content >> 8), (unsigned char)content}, 5);
    memcpy(ber + 5, der + head, content);
    assert_false(certificate_from_der(ber, content + 5, &none, NULL));
    free(ber);
}

static void bad_time(void **state UNUSED) {
    struct certificate_fixture fixture = fixture_make((struct certificate_fixture_spec){.name = "wren"});
    ASN1_STRING_set(X509_getm_notAfter(fixture.x509), "991332000000Z", -1);
    assert_true(X509_sign(fixture.x509, fixture.key, NULL) > 0);
    unsigned char *der = NULL;
    int length = i2d_X509(fixture.x509, &der);
    struct certificate *none = NULL;
    assert_false(certificate_from_der(der, (size_t)length, &none, NULL));
    assert_null(none);
    OPENSSL_free(der);
    fixture_finish(&fixture);
}

static void equality(void **state UNUSED) {
    AUTO_CERTIFICATE struct certificate *a = make((struct certificate_fixture_spec){0});
    AUTO_CERTIFICATE struct certificate *b = make((struct certificate_fixture_spec){0});
    AUTO_CERTIFICATE struct certificate *held = certificate_hold(a);
    assert_true(certificate_equal(a, held));
    assert_false(certificate_equal(a, b));
    certificate_release(NULL);
}

// Certificates that differ in the signature only are different.
static void signature_counts(void **state UNUSED) {
    AUTO_CERTIFICATE struct certificate *a = make((struct certificate_fixture_spec){0});
    AUTO_CERTIFICATE struct certificate *b = NULL;
    size_t length;
    const unsigned char *der = certificate_der(a, &length);
    unsigned char *changed = memory_copy(der, length);
    changed[length - 1] ^= 1;
    assert_true(certificate_from_der(changed, length, &b, NULL));
    assert_false(certificate_equal(a, b));
    free(changed);
}

static void validity(void **state UNUSED) {
    AUTO_CERTIFICATE struct certificate *certificate = make((struct certificate_fixture_spec){0});
    int64_t from = certificate_not_before_s(certificate), to = certificate_not_after_s(certificate), now = time(NULL);
    assert_int_equal(to - from, 2 * DAY_S);
    assert_true(from <= now - DAY_S && from >= now - DAY_S - 60);
    assert_true(certificate_is_valid_at(certificate, from));
    assert_true(certificate_is_valid_at(certificate, to));
    assert_false(certificate_is_valid_at(certificate, from - 1));
    assert_false(certificate_is_valid_at(certificate, to + 1));
    assert_true(certificate_check_validity(certificate, now, NULL));
}

static void assert_shown(const char *from, const char *to, const char *end) {
    static const char beginning[] =
        "x509: certificate has expired or is not yet valid: current time 2026-01-02T03:04:05Z is ";
    struct certificate_fixture fixture = fixture_make((struct certificate_fixture_spec){.name = "wren"});
    AUTO_ERROR struct error err = {0};
    ASN1_TIME_set_string_X509(X509_getm_notBefore(fixture.x509), from);
    ASN1_TIME_set_string_X509(X509_getm_notAfter(fixture.x509), to);
    assert_true(X509_sign(fixture.x509, fixture.key, NULL) > 0);
    AUTO_CERTIFICATE struct certificate *certificate = fixture_certificate(&fixture);
    assert_false(certificate_check_validity(certificate, INT64_C(1767323045), &err));
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    assert_true(text_has_prefix(error_text(&err), beginning));
    assert_string_equal(error_text(&err) + strlen(beginning), end);
    fixture_finish(&fixture);
}

// Also in years that a count of nanoseconds does not reach.
static void validity_is_shown(void **state UNUSED) {
    assert_shown("260102030406Z", "270101000000Z", "before 2026-01-02T03:04:06Z");
    assert_shown("99990101000000Z", "99991231235959Z", "before 9999-01-01T00:00:00Z");
    assert_shown("11110101000000Z", "12120101000000Z", "after 1212-01-01T00:00:00Z");
}

static bool allows_client(const char *usage) {
    AUTO_CERTIFICATE struct certificate *certificate = make((struct certificate_fixture_spec){.usage = usage});
    return certificate_allows_client(certificate);
}

static void usage(void **state UNUSED) {
    assert_true(allows_client(NULL));
    assert_true(allows_client("clientAuth"));
    assert_true(allows_client("serverAuth,clientAuth"));
    assert_true(allows_client("critical,anyExtendedKeyUsage"));
    assert_true(allows_client("1.2.3.4,clientAuth"));
    assert_false(allows_client("serverAuth"));
    assert_false(allows_client("1.2.3.4"));
}

static void repeated_usage(void **state UNUSED) {
    struct certificate_fixture fixture =
        fixture_make((struct certificate_fixture_spec){.name = "wren", .usage = "clientAuth"});
    fixture_extend(fixture.x509, NID_ext_key_usage, "clientAuth");
    assert_true(X509_sign(fixture.x509, fixture.key, NULL) > 0);
    AUTO_CERTIFICATE struct certificate *certificate = fixture_certificate(&fixture);
    assert_false(certificate_allows_client(certificate));
    fixture_finish(&fixture);
}

// As `openssl x509 -fingerprint -sha256` shows it.
static void fingerprints(void **state UNUSED) {
    struct certificate_fixture fixture =
        fixture_make((struct certificate_fixture_spec){.name = "wren", .algorithm = "EC"});
    AUTO_CERTIFICATE struct certificate *certificate = fixture_certificate(&fixture);
    unsigned char digest[32];
    char expected[CERTIFICATE_SHA256_SIZE] = "", found[CERTIFICATE_SHA256_SIZE];
    assert_true(X509_digest(fixture.x509, EVP_sha256(), digest, NULL) == 1);
    for (size_t i = 0; i < sizeof digest; i++)
        (void)snprintf(expected + 2 * i, 3, "%02x", digest[i]);
    certificate_sha256(certificate, found);
    assert_string_equal(found, expected);
    char fingerprint[TLS_FINGERPRINT_SIZE];
    assert_false(certificate_key_fingerprint(certificate, fingerprint));
    fixture_finish(&fixture);
}

static void keys(void **state UNUSED) {
    AUTO_CERTIFICATE struct certificate *certificate = make((struct certificate_fixture_spec){.algorithm = "EC"});
    struct tls_key *key;
    assert_true(tls_key_make(&key, NULL));
    assert_false(certificate_has_key(certificate, key));
    assert_false(certificate_is_signed_by(certificate, key));
    tls_key_destroy(key);
}

static void self_signed(void **state UNUSED) {
    static const char *const algorithms[] = {"ED25519", "RSA", "EC"};
    struct certificate_fixture issuer = fixture_make((struct certificate_fixture_spec){.name = "wren"});
    for (size_t i = 0; i < ARRAY_COUNT(algorithms); i++) {
        AUTO_CERTIFICATE struct certificate *own = make((struct certificate_fixture_spec){.algorithm = algorithms[i]});
        assert_true(certificate_is_self_signed(own));
        // Issuer and subject have the same name.
        AUTO_CERTIFICATE struct certificate *other =
            make((struct certificate_fixture_spec){.algorithm = algorithms[i], .issuer = &issuer});
        assert_false(certificate_is_self_signed(other));
    }
    fixture_finish(&issuer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pem),
        cmocka_unit_test(malformed),
        cmocka_unit_test(not_der),
        cmocka_unit_test(bad_time),
        cmocka_unit_test(equality),
        cmocka_unit_test(signature_counts),
        cmocka_unit_test(validity_is_shown),
        cmocka_unit_test(validity),
        cmocka_unit_test(usage),
        cmocka_unit_test(repeated_usage),
        cmocka_unit_test(keys),
        cmocka_unit_test(self_signed),
        cmocka_unit_test(fingerprints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

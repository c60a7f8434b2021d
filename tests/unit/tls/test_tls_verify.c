// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine_fixture.h"

#include <unistd.h>

#include "base/text.h"

#define ALL ((size_t)-1)

// --- trust stores ---

static struct certificate_fixture authority;

static int set_up(void **state UNUSED) {
    authority = fixture_make((struct certificate_fixture_spec){.name = "authority", .constraints = "critical,CA:TRUE"});
    return 0;
}

static int tear_down(void **state UNUSED) {
    fixture_finish(&authority);
    return 0;
}

// A store with one certificate.
static struct trust_store *store_of(const struct certificate_fixture *fixture) {
    char path[] = "/tmp/test_tls_verify_XXXXXX";
    AUTO_CERTIFICATE struct certificate *certificate = fixture_certificate(fixture);
    AUTO_FREE char *pem = certificate_to_pem(certificate);
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, pem, strlen(pem)) == (ssize_t)strlen(pem));
    close(fd);
    struct trust_store *store;
    assert_true(trust_store_load(path, "/nonexistent", &store, NULL));
    assert_int_equal(trust_store_count(store), 1);
    unlink(path);
    return store;
}

// A server of OpenSSL's certificate, with another certificate of its chain.
static struct tls_context *server_of(const struct certificate_fixture *fixture,
                                     const struct certificate_fixture *next) {
    struct tls_context *context;
    AUTO_CERTIFICATE struct certificate *leaf = fixture_certificate(fixture);
    AUTO_CERTIFICATE struct certificate *identity = fixture_certificate(next);
    struct tls_key *key = fixture_key(fixture);
    assert_true(tls_context_create_server(&context, NULL));
    assert_true(tls_context_set_chain(context, key, leaf, identity, NULL));
    tls_key_destroy(key);
    return context;
}

// The message of the client's failure, without the common beginning; "" if it connects. Owned.
static char *try_context(struct tls_client_spec *spec, const char *host, struct tls_context *server) {
    struct certificate_fixture wren = fixture_make((struct certificate_fixture_spec){.name = "wren"});
    AUTO_CERTIFICATE struct certificate *certificate = fixture_certificate(&wren);
    struct tls_key *key = fixture_key(&wren);
    spec->certificate = certificate;
    spec->key = key;
    struct tls_context *client;
    assert_true(tls_context_create_client(spec, &client, NULL));
    struct pair pair = pair_create(client, host, server);
    tls_context_release(client);
    pair_run(&pair, ALL);
    static const char beginning[] = "tls: failed to verify certificate: ";
    const char *text = error_text(&pair.client.err);
    if (pair.client.result == TLS_FAILED) {
        assert_true(text_has_prefix(text, beginning));
        assert_int_equal(pair.server.result, TLS_FAILED);
        assert_true(text_has_prefix(error_text(&pair.server.err), "remote error: tls: "));
    } else {
        assert_true(tls_engine_is_established(pair.server.engine));
    }
    char *message = memory_string(pair.client.result == TLS_FAILED ? text + strlen(beginning) : "");
    pair_finish(&pair);
    tls_key_destroy(key);
    fixture_finish(&wren);
    return message;
}

static char *try_host(const struct certificate_fixture *trusted, const char *host,
                      const struct certificate_fixture *fixture) {
    struct trust_store *store = store_of(trusted);
    struct tls_context *server = server_of(fixture, &authority);
    char *message = try_context(&(struct tls_client_spec){.trust = store}, host, server);
    tls_context_release(server);
    trust_store_destroy(store);
    return message;
}

static void assert_host(const char *host, struct certificate_fixture_spec spec, const char *expected) {
    spec.name = spec.name != NULL ? spec.name : "server";
    spec.issuer = &authority;
    struct certificate_fixture fixture = fixture_make(spec);
    AUTO_FREE char *message = try_host(&authority, host, &fixture);
    assert_string_equal(message, expected);
    fixture_finish(&fixture);
}

#define NAMES(text) ((struct certificate_fixture_spec){.alternative_names = (text)})

static void good_hosts(void **state UNUSED) {
    assert_host("a.example", NAMES("DNS:a.example"), "");
    assert_host("a.example.", NAMES("DNS:a.example"), "");
    assert_host("A.Example", NAMES("DNS:b.example,DNS:a.example"), "");
    assert_host("a.b.example", NAMES("DNS:*.b.example"), "");
    assert_host("127.0.0.1", NAMES("IP:127.0.0.1"), "");
    assert_host("::1", NAMES("IP:::1"), "");
    assert_host("a.example",
                ((struct certificate_fixture_spec){.alternative_names = "DNS:a.example", .algorithm = "RSA"}), "");
}

static void bad_hosts(void **state UNUSED) {
    assert_host("c.example", NAMES("DNS:a.example,DNS:b.example"),
                "x509: certificate is valid for a.example, b.example, not c.example");
    assert_host("a.c.b.example", NAMES("DNS:*.b.example"),
                "x509: certificate is valid for *.b.example, not a.c.b.example");
    assert_host("10.0.0.1", NAMES("IP:127.0.0.1,IP:::1,DNS:10.0.0.1"),
                "x509: certificate is valid for 127.0.0.1, ::1, not 10.0.0.1");
    assert_host("10.0.0.1", NAMES("DNS:a.example"),
                "x509: cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs");
    assert_host("a.example", NAMES("IP:127.0.0.1"),
                "x509: certificate is not valid for any names, but wanted to match a.example");
    assert_host("a.example", NAMES(NULL),
                "x509: certificate is not valid for any names, but wanted to match a.example");
    assert_host("a.example", ((struct certificate_fixture_spec){.name = "a.example"}),
                "x509: certificate relies on legacy Common Name field, use SANs instead");
}

static void many_names(void **state UNUSED) {
    AUTO_BUFFER struct buffer names = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; i < 100; i++)
        buffer_printf(&names, "%sDNS:n%d.example", i == 0 ? "" : ",", i);
    assert_host("a.example", NAMES(buffer_text(&names)),
                "x509: certificate is valid for 100 names, but none matched a.example");
}

// What could forge a line of a log is escaped.
static void odd_names(void **state UNUSED) {
    assert_host("a.example", NAMES("DNS:x\ny"), "x509: certificate is valid for x\\ny, not a.example");
}

static void validity(void **state UNUSED) {
    struct certificate_fixture_spec spec = NAMES("DNS:a.example");
    spec.issuer = &authority;
    spec.name = "server";
    static const char beginning[] = "x509: certificate has expired or is not yet valid: current time ";
    spec.to_s = -1000;
    struct certificate_fixture expired = fixture_make(spec);
    spec.to_s = 0;
    spec.from_s = 1000;
    struct certificate_fixture future = fixture_make(spec);
    AUTO_FREE char *after = try_host(&authority, "b.example", &expired);
    AUTO_FREE char *before = try_host(&authority, "a.example", &future);
    assert_true(text_has_prefix(after, beginning));
    assert_non_null(strstr(after, "Z is after 20"));
    assert_true(text_has_prefix(before, beginning));
    assert_non_null(strstr(before, "Z is before 20"));
    fixture_finish(&expired);
    fixture_finish(&future);
}

static void authority_expired(void **state UNUSED) {
    struct certificate_fixture old = fixture_make(
        (struct certificate_fixture_spec){.name = "old", .constraints = "critical,CA:TRUE", .to_s = -1000});
    struct certificate_fixture server = fixture_make(
        (struct certificate_fixture_spec){.name = "s", .alternative_names = "DNS:a.example", .issuer = &old});
    AUTO_FREE char *message = try_host(&old, "a.example", &server);
    assert_non_null(strstr(message, "x509: certificate has expired or is not yet valid: current time "));
    fixture_finish(&server);
    fixture_finish(&old);
}

static void usage(void **state UNUSED) {
    struct certificate_fixture_spec spec = NAMES("DNS:a.example");
    spec.usage = "clientAuth";
    assert_host("a.example", spec, "x509: certificate specifies an incompatible key usage");
}

static void unknown_authority(void **state UNUSED) {
    struct certificate_fixture_spec spec = {
        .name = "server", .alternative_names = "DNS:a.example", .issuer = &authority};
    struct certificate_fixture other =
        fixture_make((struct certificate_fixture_spec){.name = "authority", .constraints = "critical,CA:TRUE"});
    struct certificate_fixture signed_by_it = fixture_make(spec);
    spec.issuer = NULL;
    struct certificate_fixture self_signed = fixture_make(spec);
    AUTO_FREE char *first = try_host(&other, "a.example", &signed_by_it);
    AUTO_FREE char *second = try_host(&other, "a.example", &self_signed);
    assert_string_equal(first, "x509: certificate signed by unknown authority");
    assert_string_equal(second, "x509: certificate signed by unknown authority");
    // The store may hold the server's certificate itself.
    AUTO_FREE char *third = try_host(&signed_by_it, "a.example", &signed_by_it);
    assert_string_equal(third, "");
    fixture_finish(&self_signed);
    fixture_finish(&signed_by_it);
    fixture_finish(&other);
}

// --- fingerprints ---

static char *try_fingerprint(const char *fingerprint, const struct chain *chain) {
    struct tls_context *server = server_context(chain);
    char *message = try_context(&(struct tls_client_spec){.fingerprint = fingerprint}, "anything", server);
    tls_context_release(server);
    return message;
}

static void assert_fingerprint(const char *fingerprint, const struct chain *chain, const char *expected) {
    AUTO_FREE char *message = try_fingerprint(fingerprint, chain);
    assert_string_equal(message, expected);
}

// The message has the fingerprint of the identity in the same form.
static void assert_unknown_fingerprint(const char *fingerprint, const struct chain *chain) {
    char found[TLS_FINGERPRINT_SIZE];
    if (strlen(fingerprint) == TLS_FINGERPRINT_LENGTH)
        assert_true(certificate_key_fingerprint(chain->identity, found));
    else
        certificate_sha256(chain->identity, found);
    AUTO_FREE char *expected =
        memory_printf("no certificate of the server has the expected fingerprint: that of the last is %s", found);
    assert_fingerprint(fingerprint, chain, expected);
}

static void fingerprints(void **state UNUSED) {
    struct chain chain = chain_make_at(time(NULL)), other = chain_make_at(time(NULL));
    char key[TLS_FINGERPRINT_SIZE], sha256[CERTIFICATE_SHA256_SIZE];
    assert_true(tls_key_fingerprint(chain.identity_key, key));
    assert_fingerprint(key, &chain, "");
    assert_unknown_fingerprint(key, &other);
    certificate_sha256(chain.identity, sha256);
    assert_fingerprint(sha256, &chain, "");
    assert_unknown_fingerprint(sha256, &other);
    certificate_sha256(chain.leaf, sha256);
    assert_fingerprint(sha256, &chain, "");
    chain_finish(&other);
    chain_finish(&chain);
}

// Presenting another's identity certificate does not help.
static void forged(void **state UNUSED) {
    struct chain chain = chain_make_at(time(NULL)), other = chain_make_at(time(NULL));
    char key[TLS_FINGERPRINT_SIZE], sha256[CERTIFICATE_SHA256_SIZE];
    struct chain mixed = {chain.identity_key, other.key, chain.identity, other.leaf};
    assert_true(tls_key_fingerprint(chain.identity_key, key));
    certificate_sha256(chain.identity, sha256);
    assert_fingerprint(key, &mixed, "x509: certificate signed by unknown authority");
    assert_fingerprint(sha256, &mixed, "x509: certificate signed by unknown authority");
    chain_finish(&other);
    chain_finish(&chain);
}

static void old_leaf(void **state UNUSED) {
    struct chain chain = chain_make_at(time(NULL) - 2 * 3600);
    char key[TLS_FINGERPRINT_SIZE];
    assert_true(tls_key_fingerprint(chain.identity_key, key));
    AUTO_FREE char *message = try_fingerprint(key, &chain);
    assert_true(text_has_prefix(message, "x509: certificate has expired or is not yet valid: "));
    chain_finish(&chain);
}

// A certificate that is no authority cannot have signed the server's.
static void no_authority(void **state UNUSED) {
    struct certificate_fixture issuer =
        fixture_make((struct certificate_fixture_spec){.name = "i", .constraints = "critical,CA:FALSE"});
    struct certificate_fixture leaf = fixture_make((struct certificate_fixture_spec){.name = "l", .issuer = &issuer});
    struct tls_context *server = server_of(&leaf, &issuer);
    AUTO_CERTIFICATE struct certificate *certificate = fixture_certificate(&issuer);
    char sha256[CERTIFICATE_SHA256_SIZE];
    certificate_sha256(certificate, sha256);
    AUTO_FREE char *message = try_context(&(struct tls_client_spec){.fingerprint = sha256}, "x", server);
    assert_string_equal(message, "x509: certificate signed by unknown authority");
    tls_context_release(server);
    fixture_finish(&leaf);
    fixture_finish(&issuer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_hosts),   cmocka_unit_test(bad_hosts), cmocka_unit_test(many_names),
        cmocka_unit_test(odd_names),    cmocka_unit_test(validity),  cmocka_unit_test(authority_expired),
        cmocka_unit_test(usage),        cmocka_unit_test(forged),    cmocka_unit_test(unknown_authority),
        cmocka_unit_test(fingerprints), cmocka_unit_test(old_leaf),  cmocka_unit_test(no_authority),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine_fixture.h"

#define ALL ((size_t)-1)

static bool connects(struct tls_context *client, struct tls_context *server, const struct certificate *leaf) {
    struct pair pair = pair_create(client, "localhost", server);
    pair_run(&pair, ALL);
    bool is_connected = tls_engine_is_established(pair.server.engine);
    if (is_connected && leaf != NULL)
        assert_true(certificate_equal(tls_engine_peer_certificate(pair.client.engine), leaf));
    pair_finish(&pair);
    return is_connected;
}

// Connections that exist keep the chain with which they began.
static void new_chain(void **state UNUSED) {
    struct certificate_fixture wren = fixture_make((struct certificate_fixture_spec){.name = "wren"});
    struct chain chain = chain_make_at(time(NULL));
    struct tls_context *server = server_context(&chain), *client = client_context(&chain, &wren);
    assert_true(connects(client, server, chain.leaf));

    struct pair early = pair_create(client, "localhost", server);
    struct certificate *leaf;
    assert_true(certificate_make_leaf(chain.key, chain.identity, chain.identity_key, time(NULL), &leaf, NULL));
    assert_false(certificate_equal(leaf, chain.leaf));
    assert_true(tls_context_set_chain(server, chain.key, leaf, chain.identity, NULL));
    pair_run(&early, ALL);
    assert_true(certificate_equal(tls_engine_peer_certificate(early.client.engine), chain.leaf));
    pair_finish(&early);
    assert_true(connects(client, server, leaf));

    certificate_release(leaf);
    tls_context_release(client);
    tls_context_release(server);
    chain_finish(&chain);
    fixture_finish(&wren);
}

static void wrong_chain(void **state UNUSED) {
    struct certificate_fixture wren = fixture_make((struct certificate_fixture_spec){.name = "wren"});
    struct chain chain = chain_make_at(time(NULL));
    struct tls_context *server = server_context(&chain), *client = client_context(&chain, &wren);
    AUTO_ERROR struct error err = {0};
    assert_false(tls_context_set_chain(server, chain.identity_key, chain.leaf, chain.identity, &err));
    assert_int_equal(err.kind, ERROR_INTERNAL);
    assert_int_equal(ERR_peek_error(), 0);
    assert_true(connects(client, server, chain.leaf));
    tls_context_release(client);
    tls_context_release(server);
    chain_finish(&chain);
    fixture_finish(&wren);
}

static void no_chain(void **state UNUSED) {
    struct certificate_fixture wren = fixture_make((struct certificate_fixture_spec){.name = "wren"});
    struct chain chain = chain_make_at(time(NULL));
    struct tls_context *server, *client = client_context(&chain, &wren);
    assert_true(tls_context_create_server(&server, NULL));
    assert_false(connects(client, server, NULL));
    tls_context_release(client);
    tls_context_release(server);
    tls_context_release(NULL);
    chain_finish(&chain);
    fixture_finish(&wren);
}

// Any kind of certificate will do for a client, also one that has expired or is for servers.
static void kinds_of_clients(void **state UNUSED) {
    const struct certificate_fixture_spec specs[] = {
        {.name = "plain"},
        {.name = "rsa", .algorithm = "RSA"},
        {.name = "ec", .algorithm = "EC"},
        {.name = "server", .usage = "serverAuth"},
        {.name = "expired", .to_s = -10},
        {.name = "future", .from_s = 1000},
    };
    struct chain chain = chain_make_at(time(NULL));
    struct tls_context *server = server_context(&chain);
    for (size_t i = 0; i < ARRAY_COUNT(specs); i++) {
        struct certificate_fixture fixture = fixture_make(specs[i]);
        struct tls_context *client = client_context(&chain, &fixture);
        assert_true(connects(client, server, NULL));
        tls_context_release(client);
        fixture_finish(&fixture);
    }
    tls_context_release(server);
    chain_finish(&chain);
}

static void other_key(void **state UNUSED) {
    struct certificate_fixture wren = fixture_make((struct certificate_fixture_spec){.name = "wren"});
    AUTO_CERTIFICATE struct certificate *certificate = fixture_certificate(&wren);
    char fingerprint[CERTIFICATE_SHA256_SIZE];
    certificate_sha256(certificate, fingerprint);
    struct tls_client_spec spec = {.fingerprint = fingerprint, .certificate = certificate};
    struct tls_key *key;
    struct tls_context *context = NULL;
    AUTO_ERROR struct error err = {0};
    assert_true(tls_key_make(&key, NULL));
    spec.key = key;
    assert_false(tls_context_create_client(&spec, &context, &err));
    assert_string_equal(error_text(&err), "tls: private key does not match public key");
    assert_null(context);
    tls_key_destroy(key);
    fixture_finish(&wren);
}

static bool accepts_fingerprint(const char *fingerprint) {
    struct tls_context *context = NULL;
    AUTO_ERROR struct error err = {0};
    if (!tls_context_create_client(&(struct tls_client_spec){.fingerprint = fingerprint}, &context, &err)) {
        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        assert_non_null(strstr(error_text(&err), "invalid fingerprint \""));
        return false;
    }
    tls_context_release(context);
    return true;
}

static void fingerprints(void **state UNUSED) {
#define HEX16 "0123456789abcDEF"
#define BASE11 "ABCDEFG234z"
    assert_true(accepts_fingerprint(HEX16 HEX16 HEX16 HEX16));
    assert_true(accepts_fingerprint("01:23" HEX16 HEX16 HEX16 ":456789abcDEF"));
    assert_true(accepts_fingerprint(BASE11 BASE11 BASE11 BASE11 BASE11 BASE11 BASE11));
    assert_false(accepts_fingerprint(""));
    assert_false(accepts_fingerprint(HEX16 HEX16 HEX16));
    assert_false(accepts_fingerprint(HEX16 HEX16 HEX16 HEX16 "0"));
    assert_false(accepts_fingerprint(HEX16 HEX16 HEX16 "0123456789abcDEg"));
    assert_false(accepts_fingerprint(BASE11 BASE11 BASE11 BASE11 BASE11 BASE11 "ABCDEFG234"));
    assert_false(accepts_fingerprint(BASE11 BASE11 BASE11 BASE11 BASE11 BASE11 "ABCDEFG2341"));
    assert_false(accepts_fingerprint(BASE11 BASE11 BASE11 BASE11 BASE11 BASE11 BASE11 "A"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_chain), cmocka_unit_test(wrong_chain),  cmocka_unit_test(no_chain),
        cmocka_unit_test(other_key), cmocka_unit_test(fingerprints), cmocka_unit_test(kinds_of_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

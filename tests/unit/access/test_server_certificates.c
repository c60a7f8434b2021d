// SPDX-License-Identifier: GPL-3.0-or-later
#include "../state/fixture.h"
#include "../tls/engine_fixture.h"
#include "folder.h"

#include "access/server_certificates.h"

struct fixture {
    struct loop *loop;
    char *directory, *path; // of identity.pem
    struct tls_key *key;    // a copy
    struct server_certificates *certificates;
    struct certificate_fixture client;
};

static struct tls_key *key_copy(const struct tls_key *key) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct tls_key *copy;
    assert_true(tls_key_add_pem(key, &text, NULL));
    assert_true(tls_key_read_pem(buffer_text(&text), text.length, &copy, NULL));
    return copy;
}

static void fixture_begin(struct fixture *fixture, const char *folder) {
    *fixture = (struct fixture){.directory = path_join(folder, "tls")};
    fixture->path = path_join(fixture->directory, "identity.pem");
    assert_true(loop_create(&fixture->loop, NULL));
    loop_use_test_clock(fixture->loop);
    assert_true(tls_key_make(&fixture->key, NULL));
    fixture->certificates = server_certificates_create(fixture->loop, fixture->directory, key_copy(fixture->key));
    fixture->client = fixture_make((struct certificate_fixture_spec){.name = "client"});
}

// As the next start of the daemon does, with another key if it is not NULL.
static void fixture_restart(struct fixture *fixture, struct tls_key *other) {
    server_certificates_destroy(fixture->certificates);
    if (other != NULL) {
        tls_key_destroy(fixture->key);
        fixture->key = other;
    }
    fixture->certificates = server_certificates_create(fixture->loop, fixture->directory, key_copy(fixture->key));
}

static void fixture_end(struct fixture *fixture) {
    server_certificates_destroy(fixture->certificates);
    tls_key_destroy(fixture->key);
    fixture_finish(&fixture->client);
    loop_destroy(fixture->loop);
    free(fixture->directory);
    free(fixture->path);
}

static struct tls_engine *engine(struct fixture *fixture) {
    struct tls_engine *made;
    AUTO_ERROR struct error err = {0};
    if (!server_certificates_engine(fixture->certificates, &made, &err))
        fail_msg("%s", error_text(&err));
    return made;
}

// Connects a client, which trusts the identity key, to an engine of the server. Returns the leaf.
static struct certificate *leaf_of(struct fixture *fixture, struct tls_engine *server) {
    const struct chain chain = {.identity_key = fixture->key};
    struct tls_context *context = client_context(&chain, &fixture->client);
    struct pair pair = {{.received = BUFFER_INIT(BUFFER_NO_LIMIT)}, {.received = BUFFER_INIT(BUFFER_NO_LIMIT)}};
    pair.server.engine = server;
    assert_true(tls_engine_create(context, "localhost", &pair.client.engine, NULL));
    pair_run(&pair, SIZE_MAX);
    if (!tls_engine_is_established(pair.client.engine) || !tls_engine_is_established(server))
        fail_msg("client: %s, server: %s", error_text(&pair.client.err), error_text(&pair.server.err));
    assert_int_equal(tls_engine_peer_certificate_count(pair.client.engine), 2);
    const struct certificate *leaf = tls_engine_peer_certificate(pair.client.engine);
    size_t length;
    const unsigned char *der = certificate_der(leaf, &length);
    struct certificate *copy;
    assert_true(certificate_from_der(der, length, &copy, NULL));
    pair_finish(&pair);
    tls_context_release(context);
    return copy;
}

static struct certificate *next_leaf(struct fixture *fixture) {
    return leaf_of(fixture, engine(fixture));
}

static struct certificate *stored_identity(const struct fixture *fixture) {
    AUTO_FREE char *text = file_text(fixture->path);
    struct certificate *identity;
    assert_true(certificate_from_pem(text, strlen(text), &identity, NULL));
    return identity;
}

static void files_are_made_for_the_first_engine(void **state) {
    struct fixture fixture;
    fixture_begin(&fixture, *state);
    assert_false(file_exists(fixture.directory));
    AUTO_CERTIFICATE struct certificate *leaf = next_leaf(&fixture);
    assert_int_equal(mode_of(fixture.directory), 0700);
    assert_int_equal(mode_of(fixture.path), 0600);
    AUTO_FREE char *names = names_in(fixture.directory);
    assert_string_equal(names, "identity.pem");
    AUTO_CERTIFICATE struct certificate *identity = stored_identity(&fixture);
    assert_true(certificate_has_key(identity, fixture.key));
    assert_true(certificate_is_self_signed(identity));
    assert_true(certificate_is_signed_by(leaf, fixture.key));
    assert_false(certificate_has_key(leaf, fixture.key));
    fixture_end(&fixture);
}

static void without_a_directory_nothing_is_kept(void **state) {
    struct fixture fixture;
    fixture_begin(&fixture, *state);
    server_certificates_destroy(fixture.certificates);
    fixture.certificates = server_certificates_create(fixture.loop, NULL, key_copy(fixture.key));
    AUTO_CERTIFICATE struct certificate *leaf = next_leaf(&fixture);
    assert_true(certificate_is_signed_by(leaf, fixture.key));
    assert_false(file_exists(fixture.directory));
    fixture_end(&fixture);
}

static void a_leaf_is_used_for_half_an_hour(void **state) {
    struct fixture fixture;
    fixture_begin(&fixture, *state);
    AUTO_CERTIFICATE struct certificate *first = next_leaf(&fixture);
    loop_advance(fixture.loop, 1799 * NS_PER_S);
    struct tls_engine *waiting = engine(&fixture);
    AUTO_CERTIFICATE struct certificate *same = next_leaf(&fixture);
    assert_true(certificate_equal(first, same));
    loop_advance(fixture.loop, NS_PER_S);
    AUTO_CERTIFICATE struct certificate *second = next_leaf(&fixture);
    assert_false(certificate_equal(first, second));
    AUTO_CERTIFICATE struct certificate *kept = leaf_of(&fixture, waiting);
    assert_true(certificate_equal(first, kept));
    fixture_end(&fixture);
}

static void the_wall_clock_may_be_set(void **state) {
    static const struct {
        int64_t ahead_s;
        bool is_replaced;
    } cases[] = {{1700, false}, {1900, true}, {10 * 3600, true}, {-200, false}, {-3600, true}};
    struct fixture fixture;
    fixture_begin(&fixture, *state);
    certificate_release(next_leaf(&fixture)); // the identity is valid for all of the test
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        fixture_restart(&fixture, NULL);
        AUTO_CERTIFICATE struct certificate *before = next_leaf(&fixture);
        clock_set_ahead(cases[i].ahead_s);
        struct tls_engine *server = engine(&fixture);
        int64_t now_s = clock_wall_ns() / NS_PER_S;
        clock_restore();
        AUTO_CERTIFICATE struct certificate *after = NULL;
        if (cases[i].is_replaced) {
            tls_engine_destroy(server); // the client is at another time
        } else {
            after = leaf_of(&fixture, server);
            assert_true(certificate_equal(before, after));
            assert_true(certificate_is_valid_at(after, now_s));
        }
        AUTO_CERTIFICATE struct certificate *last = next_leaf(&fixture);
        assert_int_equal(certificate_equal(before, last), !cases[i].is_replaced);
    }
    fixture_end(&fixture);
}

static void the_identity_is_kept_and_the_leaf_is_not(void **state) {
    struct fixture fixture;
    fixture_begin(&fixture, *state);
    AUTO_CERTIFICATE struct certificate *first = next_leaf(&fixture);
    AUTO_FREE char *identity = file_text(fixture.path);
    fixture_restart(&fixture, NULL);
    AUTO_CERTIFICATE struct certificate *second = next_leaf(&fixture);
    AUTO_FREE char *kept = file_text(fixture.path);
    assert_string_equal(identity, kept);
    assert_false(certificate_equal(first, second));
    fixture_end(&fixture);
}

static void the_identity_is_made_again(void **state) {
    struct fixture fixture;
    struct tls_key *other;
    fixture_begin(&fixture, *state);
    certificate_release(next_leaf(&fixture));
    AUTO_FREE char *first = file_text(fixture.path);
    assert_true(tls_key_make(&other, NULL));
    fixture_restart(&fixture, other);
    certificate_release(next_leaf(&fixture));
    AUTO_FREE char *second = file_text(fixture.path);
    assert_string_not_equal(first, second);

    assert_int_equal(unlink(fixture.path), 0);
    fixture_restart(&fixture, NULL);
    certificate_release(next_leaf(&fixture));
    AUTO_CERTIFICATE struct certificate *third = stored_identity(&fixture);
    assert_true(certificate_has_key(third, fixture.key));
    fixture_end(&fixture);
}

static void refuses(struct fixture *fixture, const char *message) {
    AUTO_ERROR struct error err = {0};
    struct tls_engine *none = NULL;
    assert_false(server_certificates_engine(fixture->certificates, &none, &err));
    assert_null(none);
    if (strstr(error_text(&err), message) == NULL)
        fail_msg("want %s, got %s", message, error_text(&err));
    assert_true(text_has_prefix(error_text(&err), "cannot load identity certificate: "));
}

static void bad_files_are_errors_until_mended(void **state) {
    struct fixture fixture;
    fixture_begin(&fixture, *state);
    certificate_release(next_leaf(&fixture));
    AUTO_FREE char *good = file_text(fixture.path);
    fixture_restart(&fixture, NULL);
    assert_int_equal(chmod(fixture.path, 0644), 0);
    refuses(&fixture, "expected permission 0o600 (got 0o644) for \"");
    refuses(&fixture, "expected permission 0o600 (got 0o644) for \"");
    file_set(fixture.path, "nothing", 0600);
    refuses(&fixture, "missing 'CERTIFICATE' block in \"");
    file_set(fixture.path, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", 0600);
    refuses(&fixture, "x509: malformed certificate in \"");
    assert_int_equal(chmod(fixture.directory, 0750), 0);
    refuses(&fixture, "expected permission 0o700 (got 0o750) for \"");
    assert_int_equal(chmod(fixture.directory, 0700), 0);
    file_set(fixture.path, good, 0600);
    certificate_release(next_leaf(&fixture));
    AUTO_FREE char *kept = file_text(fixture.path);
    assert_string_equal(good, kept);
    fixture_end(&fixture);
}

static void bad_files_are_not_tried_for_each_connection(void **state) {
    struct fixture fixture;
    fixture_begin(&fixture, *state);
    certificate_release(next_leaf(&fixture));
    AUTO_FREE char *good = file_text(fixture.path);
    fixture_restart(&fixture, NULL);
    file_set(fixture.path, "nothing", 0600);
    for (int i = 0; i < 10; i++)
        refuses(&fixture, "missing 'CERTIFICATE' block in \"");
    file_set(fixture.path, good, 0600);
    refuses(&fixture, "missing 'CERTIFICATE' block in \"");
    loop_advance(fixture.loop, NS_PER_S);
    certificate_release(next_leaf(&fixture));
    fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_made_for_the_first_engine, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(without_a_directory_nothing_is_kept, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(without_a_directory_nothing_is_kept, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(a_leaf_is_used_for_half_an_hour, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(the_wall_clock_may_be_set, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(the_identity_is_kept_and_the_leaf_is_not, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(the_identity_is_made_again, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(bad_files_are_errors_until_mended, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(bad_files_are_not_tried_for_each_connection, folder_set_up, folder_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

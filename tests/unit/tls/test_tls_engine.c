// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine_fixture.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/ssl.h>

#define ALL ((size_t)-1)

struct contexts {
    struct chain chain;
    struct certificate_fixture wren;
    struct tls_context *server, *client;
};

static int set_up(void **state) {
    struct contexts *contexts = memory_new(sizeof *contexts);
    contexts->chain = chain_make_at(time(NULL));
    contexts->wren = fixture_make((struct certificate_fixture_spec){.name = "wren", .usage = "clientAuth"});
    contexts->server = server_context(&contexts->chain);
    contexts->client = client_context(&contexts->chain, &contexts->wren);
    *state = contexts;
    return 0;
}

static int tear_down(void **state) {
    struct contexts *contexts = *state;
    tls_context_release(contexts->client);
    tls_context_release(contexts->server);
    fixture_finish(&contexts->wren);
    chain_finish(&contexts->chain);
    free(contexts);
    return 0;
}

static struct pair connect_pair(void **state, size_t step) {
    struct contexts *contexts = *state;
    struct pair pair = pair_create(contexts->client, "127.0.0.1", contexts->server);
    pair_run(&pair, step);
    return pair;
}

static void assert_failed(const struct side *side, const char *message) {
    assert_int_equal(side->result, TLS_FAILED);
    assert_true(tls_engine_is_failed(side->engine));
    assert_string_equal(error_text(&side->err), message);
    assert_int_equal(side->err.kind, ERROR_CONNECTION);
}

// --- the usual ---

static void handshake(void **state) {
    struct contexts *contexts = *state;
    struct pair pair = pair_create(contexts->client, "127.0.0.1", contexts->server);
    assert_false(tls_engine_is_established(pair.server.engine));
    assert_null(tls_engine_peer_certificate(pair.server.engine));
    pair_run(&pair, ALL);
    assert_true(tls_engine_is_established(pair.client.engine));
    assert_true(tls_engine_is_established(pair.server.engine));
    assert_int_equal(pair.client.result, TLS_WAITING);
    assert_int_equal(pair.server.result, TLS_WAITING);
    AUTO_CERTIFICATE struct certificate *wren = fixture_certificate(&contexts->wren);
    assert_true(certificate_equal(tls_engine_peer_certificate(pair.server.engine), wren));
    assert_int_equal(tls_engine_peer_certificate_count(pair.server.engine), 1);
    assert_true(certificate_equal(tls_engine_peer_certificate(pair.client.engine), contexts->chain.leaf));
    assert_int_equal(tls_engine_peer_certificate_count(pair.client.engine), 2);
    pair_finish(&pair);
}

static void data(void **state) {
    struct pair pair = connect_pair(state, ALL);
    side_write(&pair.client, "question");
    pair_run(&pair, ALL);
    assert_string_equal(buffer_text(&pair.server.received), "question");
    side_write(&pair.server, "ans");
    side_write(&pair.server, "wer");
    pair_run(&pair, ALL);
    assert_string_equal(buffer_text(&pair.client.received), "answer");
    pair_finish(&pair);
}

static void byte_by_byte(void **state) {
    struct pair pair = connect_pair(state, 1);
    side_write(&pair.client, "question");
    side_write(&pair.server, "answer");
    pair_run(&pair, 1);
    assert_string_equal(buffer_text(&pair.server.received), "question");
    assert_string_equal(buffer_text(&pair.client.received), "answer");
    pair_finish(&pair);
}

// More than fits in the buffers, from several pieces.
static void much_data(void **state) {
    enum { PIECE = 300000 };
    struct pair pair = connect_pair(state, ALL);
    char *bytes = memory_new((size_t)2 * PIECE);
    for (size_t i = 0; i < (size_t)2 * PIECE; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    size_t done = 0, taken;
    while (done < (size_t)2 * PIECE) {
        size_t first = done < PIECE ? PIECE - done : 0;
        struct iovec pieces[] = {{bytes + done, first}, {bytes + done + first, (size_t)2 * PIECE - done - first}};
        assert_true(tls_engine_write(pair.server.engine, pieces, 2, &taken, NULL));
        assert_in_range(taken, 1, TLS_ENGINE_OUTPUT_BYTES + (16 << 10));
        // The output is full.
        struct iovec more = {bytes, 1};
        size_t none = 1;
        if (done + taken < (size_t)2 * PIECE) {
            assert_true(tls_engine_write(pair.server.engine, &more, 1, &none, NULL));
            assert_int_equal(none, 0);
        }
        done += taken;
        pair_run(&pair, 5000);
    }
    assert_int_equal(pair.client.received.length, 2 * PIECE);
    assert_memory_equal(pair.client.received.data, bytes, 2 * PIECE);
    free(bytes);
    pair_finish(&pair);
}

static void input_limit(void **state) {
    struct pair pair = connect_pair(state, ALL);
    char *bytes = memory_new(2 * TLS_ENGINE_INPUT_BYTES_MAX);
    assert_int_equal(tls_engine_held_bytes(pair.client.engine), 0);
    assert_int_equal(tls_engine_receive(pair.client.engine, bytes, 10), 10);
    assert_int_equal(tls_engine_receive(pair.client.engine, bytes, 2 * TLS_ENGINE_INPUT_BYTES_MAX),
                     TLS_ENGINE_INPUT_BYTES_MAX - 10);
    assert_int_equal(tls_engine_receive(pair.client.engine, bytes, 1), 0);
    assert_in_range(tls_engine_held_bytes(pair.client.engine), TLS_ENGINE_INPUT_BYTES_MAX,
                    2 * TLS_ENGINE_INPUT_BYTES_MAX);
    free(bytes);
    pair_finish(&pair);
}

static void write_too_early(void **state) {
    struct contexts *contexts = *state;
    struct pair pair = pair_create(contexts->client, "127.0.0.1", contexts->server);
    struct iovec piece = {(char[]){"early"}, 5};
    size_t taken = 1;
    assert_true(tls_engine_write(pair.client.engine, &piece, 1, &taken, NULL));
    assert_int_equal(taken, 0);
    pair_run(&pair, ALL);
    assert_int_equal(pair.server.received.length, 0);
    side_write(&pair.client, "in time");
    pair_run(&pair, ALL);
    assert_string_equal(buffer_text(&pair.server.received), "in time");
    pair_finish(&pair);
}

// --- ends ---

static void end(void **state) {
    struct pair pair = connect_pair(state, ALL);
    side_write(&pair.client, "last");
    tls_engine_close(pair.client.engine);
    tls_engine_close(pair.client.engine);
    pair_run(&pair, ALL);
    assert_string_equal(buffer_text(&pair.server.received), "last");
    assert_int_equal(pair.server.result, TLS_END);
    // The other direction is still open.
    side_write(&pair.server, "response");
    tls_engine_close(pair.server.engine);
    pair_run(&pair, ALL);
    assert_string_equal(buffer_text(&pair.client.received), "response");
    assert_int_equal(pair.client.result, TLS_END);
    struct iovec piece = {(char[]){"more"}, 4};
    size_t taken;
    assert_false(tls_engine_write(pair.client.engine, &piece, 1, &taken, NULL));
    assert_false(tls_engine_is_failed(pair.client.engine));
    pair_finish(&pair);
}

static void truncated(void **state) {
    struct pair pair = connect_pair(state, ALL);
    side_write(&pair.client, "last");
    assert_true(pair_pass(&pair.client, &pair.server, ALL));
    tls_engine_receive_end(pair.server.engine);
    side_read(&pair.server);
    assert_string_equal(buffer_text(&pair.server.received), "last");
    assert_failed(&pair.server, "unexpected EOF");
    side_read(&pair.server);
    assert_failed(&pair.server, "unexpected EOF");
    struct iovec piece = {(char[]){"more"}, 4};
    size_t taken;
    assert_false(tls_engine_write(pair.server.engine, &piece, 1, &taken, NULL));
    pair_finish(&pair);
}

static void truncated_handshake(void **state) {
    struct contexts *contexts = *state;
    struct pair pair = pair_create(contexts->client, "127.0.0.1", contexts->server);
    side_read(&pair.client);
    size_t length;
    const void *bytes = tls_engine_output(pair.client.engine, &length);
    assert_int_equal(tls_engine_receive(pair.server.engine, bytes, length / 2), length / 2);
    tls_engine_receive_end(pair.server.engine);
    side_read(&pair.server);
    assert_failed(&pair.server, "unexpected EOF");
    tls_engine_receive_end(pair.client.engine);
    side_read(&pair.client);
    assert_failed(&pair.client, "unexpected EOF");
    pair_finish(&pair);
}

static void close_too_early(void **state) {
    struct contexts *contexts = *state;
    struct pair pair = pair_create(contexts->client, "127.0.0.1", contexts->server);
    tls_engine_close(pair.server.engine);
    tls_engine_close(pair.client.engine);
    pair_run(&pair, ALL);
    assert_true(tls_engine_is_established(pair.server.engine));
    pair_finish(&pair);
}

static void changed_on_the_way(void **state) {
    struct pair pair = connect_pair(state, ALL);
    side_write(&pair.client, "question");
    size_t length;
    char *bytes = memory_copy(tls_engine_output(pair.client.engine, &length), 30);
    bytes[29] ^= 1;
    assert_int_equal(tls_engine_receive(pair.server.engine, bytes, length), length);
    side_read(&pair.server);
    assert_failed(&pair.server, "local error: tls: bad record MAC");
    assert_int_equal(pair.server.received.length, 0);
    free(bytes);
    // The other side is notified.
    assert_true(pair_pass(&pair.server, &pair.client, ALL));
    assert_failed(&pair.client, "remote error: tls: bad record MAC");
    pair_finish(&pair);
}

// --- strangers ---

static void plain_http(void **state) {
    struct contexts *contexts = *state;
    struct pair pair = pair_create(contexts->client, "127.0.0.1", contexts->server);
    static const char request[] = "GET /v1/health HTTP/1.1\r\n\r\n";
    static const char reply[] = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    size_t length;
    assert_int_equal(tls_engine_receive(pair.server.engine, request, 3), 3);
    side_read(&pair.server);
    assert_int_equal(tls_engine_receive(pair.server.engine, request + 3, strlen(request) - 3), strlen(request) - 3);
    side_read(&pair.server);
    assert_failed(&pair.server, "client sent an HTTP request to an HTTPS server");
    const char *output = tls_engine_output(pair.server.engine, &length);
    assert_int_equal(length, strlen(reply));
    assert_memory_equal(output, reply, length);
    assert_false(tls_engine_refuses_peer(pair.server.engine));
    static const char response[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    assert_int_equal(tls_engine_receive(pair.client.engine, response, strlen(response)), strlen(response));
    side_read(&pair.client);
    assert_failed(&pair.client, "http: server gave HTTP response to HTTPS client");
    pair_finish(&pair);
}

static void foreign_bytes(void **state) {
    struct contexts *contexts = *state;
    struct pair pair = pair_create(contexts->client, "127.0.0.1", contexts->server);
    static const char banner[] = "SSH-2.0-x HTTP/1.1\r\n";
    size_t length;
    (void)tls_engine_receive(pair.server.engine, banner, strlen(banner));
    side_read(&pair.server);
    assert_failed(&pair.server, "tls: first record does not look like a TLS handshake");
    const char *output = tls_engine_output(pair.server.engine, &length);
    assert_true(output == NULL || output[0] != 'H');
    (void)tls_engine_receive(pair.client.engine, banner, strlen(banner));
    side_read(&pair.client);
    assert_failed(&pair.client, "tls: first record does not look like a TLS handshake");
    pair_finish(&pair);
}

// A client of OpenSSL's own, with options that ours does not have, connected to a server of ours.
struct stranger {
    SSL_CTX *context;
    SSL *ssl;
    struct side server;
};

static struct stranger stranger_create(void **state) {
    struct contexts *contexts = *state;
    struct stranger stranger = {.server = {.received = BUFFER_INIT(BUFFER_NO_LIMIT)}};
    stranger.context = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_use_cert_and_key(stranger.context, contexts->wren.x509, contexts->wren.key, NULL, 1), 1);
    assert_true(tls_engine_create(contexts->server, NULL, &stranger.server.engine, NULL));
    return stranger;
}

static void stranger_run(struct stranger *stranger) {
    stranger->ssl = SSL_new(stranger->context);
    SSL_set_bio(stranger->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(stranger->ssl);
    for (int i = 0; i < 4; i++) {
        char *bytes;
        size_t length;
        (void)SSL_do_handshake(stranger->ssl);
        long made = BIO_get_mem_data(SSL_get_wbio(stranger->ssl), &bytes);
        assert_int_equal(tls_engine_receive(stranger->server.engine, bytes, (size_t)made), made);
        (void)BIO_reset(SSL_get_wbio(stranger->ssl));
        ERR_clear_error();
        side_read(&stranger->server);
        const void *output = tls_engine_output(stranger->server.engine, &length);
        if (output != NULL)
            assert_int_equal(BIO_write(SSL_get_rbio(stranger->ssl), output, (int)length), length);
        tls_engine_consume_output(stranger->server.engine, length);
    }
}

static void stranger_finish(struct stranger *stranger) {
    SSL_free(stranger->ssl);
    SSL_CTX_free(stranger->context);
    side_finish(&stranger->server);
    ERR_clear_error();
}

static void version_1_3(void **state) {
    struct stranger stranger = stranger_create(state);
    stranger_run(&stranger);
    assert_true(tls_engine_is_established(stranger.server.engine));
    assert_string_equal(SSL_get_version(stranger.ssl), "TLSv1.3");
    // No protocol is needed.
    const unsigned char *protocol;
    unsigned length;
    SSL_get0_alpn_selected(stranger.ssl, &protocol, &length);
    assert_int_equal(length, 0);
    stranger_finish(&stranger);
}

static void version_1_2(void **state) {
    struct stranger stranger = stranger_create(state);
    SSL_CTX_set_max_proto_version(stranger.context, TLS1_2_VERSION);
    stranger_run(&stranger);
    assert_failed(&stranger.server, "tls: client offered only unsupported versions");
    stranger_finish(&stranger);
}

static void protocols(void **state) {
    struct stranger stranger = stranger_create(state);
    static const unsigned char both[] = "\x02h2\x08http/1.1";
    SSL_CTX_set_alpn_protos(stranger.context, both, sizeof both - 1);
    stranger_run(&stranger);
    assert_true(tls_engine_is_established(stranger.server.engine));
    const unsigned char *protocol;
    unsigned length;
    SSL_get0_alpn_selected(stranger.ssl, &protocol, &length);
    assert_int_equal(length, 8);
    assert_memory_equal(protocol, "http/1.1", 8);
    stranger_finish(&stranger);
}

static void other_protocols(void **state) {
    struct stranger stranger = stranger_create(state);
    static const unsigned char other[] = "\x02h2";
    SSL_CTX_set_alpn_protos(stranger.context, other, sizeof other - 1);
    stranger_run(&stranger);
    assert_failed(&stranger.server, "tls: client requested unsupported application protocols");
    stranger_finish(&stranger);
}

static void two_certificates(void **state) {
    struct stranger stranger = stranger_create(state);
    struct certificate_fixture robin = fixture_make((struct certificate_fixture_spec){.name = "robin"});
    SSL_CTX_add1_chain_cert(stranger.context, robin.x509);
    stranger_run(&stranger);
    assert_failed(&stranger.server, "tls: expected one client certificate");
    stranger_finish(&stranger);
    fixture_finish(&robin);
}

static void no_certificate(void **state) {
    struct contexts *contexts = *state;
    struct tls_context *client = client_context(&contexts->chain, NULL);
    struct pair pair = pair_create(client, "127.0.0.1", contexts->server);
    pair_run(&pair, ALL);
    assert_failed(&pair.server, "tls: client didn't provide a certificate");
    assert_failed(&pair.client, "remote error: tls: certificate required");
    // The client has completed the handshake before.
    assert_true(tls_engine_is_established(pair.client.engine));
    assert_false(tls_engine_is_established(pair.server.engine));
    pair_finish(&pair);
    tls_context_release(client);
}

// Passes what the client has written to the server.
static void stranger_pass(struct stranger *stranger) {
    char *bytes;
    long made = BIO_get_mem_data(SSL_get_wbio(stranger->ssl), &bytes);
    assert_int_equal(tls_engine_receive(stranger->server.engine, bytes, (size_t)made), made);
    (void)BIO_reset(SSL_get_wbio(stranger->ssl));
    side_read(&stranger->server);
}

// Requests new keys and passes the requests, each of its own or all at once.
static void update_keys(struct stranger *stranger, int count, bool is_at_once) {
    for (int i = 0; i < count; i++) {
        assert_int_equal(SSL_key_update(stranger->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        (void)SSL_do_handshake(stranger->ssl);
        if (!is_at_once)
            stranger_pass(stranger);
    }
    stranger_pass(stranger);
}

static void key_updates(void **state) {
    struct stranger stranger = stranger_create(state);
    stranger_run(&stranger);
    update_keys(&stranger, 16, false);
    assert_int_equal(SSL_write(stranger.ssl, "data", 4), 4);
    stranger_pass(&stranger);
    assert_int_equal(stranger.server.result, TLS_WAITING);
    assert_string_equal(buffer_text(&stranger.server.received), "data");
    // A little data does not help.
    update_keys(&stranger, 1, false);
    assert_int_equal(SSL_write(stranger.ssl, "more", 4), 4);
    stranger_pass(&stranger);
    assert_failed(&stranger.server, "tls: too many non-advancing records");
    assert_string_equal(buffer_text(&stranger.server.received), "data");
    stranger_finish(&stranger);
}

// None of what comes behind the limit is handled.
static void key_updates_at_once(void **state) {
    struct stranger stranger = stranger_create(state);
    stranger_run(&stranger);
    update_keys(&stranger, 1000, true);
    assert_failed(&stranger.server, "tls: too many non-advancing records");
    size_t length;
    (void)tls_engine_output(stranger.server.engine, &length);
    assert_in_range(length, 1, 1000);
    stranger_finish(&stranger);
}

// Requests for new keys need responses, which are bounded for a client that sends data and reads nothing.
static void key_updates_with_data(void **state) {
    struct stranger stranger = stranger_create(state);
    static const char zeros[16384];
    size_t length = 0;
    stranger_run(&stranger);
    for (int i = 0; i < 20000 && stranger.server.result == TLS_WAITING; i++) {
        update_keys(&stranger, 16, true);
        for (int k = 0; k < 4 && stranger.server.result == TLS_WAITING; k++) {
            assert_int_equal(SSL_write(stranger.ssl, zeros, sizeof zeros), sizeof zeros);
            stranger_pass(&stranger);
        }
        buffer_clear(&stranger.server.received);
    }
    (void)tls_engine_output(stranger.server.engine, &length);
    assert_in_range(length, 3 * TLS_ENGINE_OUTPUT_BYTES, 4 * TLS_ENGINE_OUTPUT_BYTES);
    assert_failed(&stranger.server, "tls: peer does not read");
    stranger_finish(&stranger);
}

// Makes the client's certificate one with a key that has the form of an RSA key.
static void use_large_key(struct stranger *stranger, int bits) {
    struct certificate_fixture large = fixture_make((struct certificate_fixture_spec){.name = "large"});
    BIGNUM *modulus = BN_new(), *exponent = BN_new();
    OSSL_PARAM_BLD *parameters = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    assert_int_equal(BN_rand(modulus, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
    assert_int_equal(BN_set_word(exponent, 3), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(parameters, OSSL_PKEY_PARAM_RSA_N, modulus), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(parameters, OSSL_PKEY_PARAM_RSA_E, exponent), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(parameters, OSSL_PKEY_PARAM_RSA_D, exponent), 1);
    OSSL_PARAM *built = OSSL_PARAM_BLD_to_param(parameters);
    EVP_PKEY_free(large.key);
    large.key = NULL;
    assert_int_equal(EVP_PKEY_fromdata_init(maker), 1);
    assert_int_equal(EVP_PKEY_fromdata(maker, &large.key, EVP_PKEY_KEYPAIR, built), 1);
    assert_int_equal(X509_set_pubkey(large.x509, large.key), 1);
    SSL_CTX_free(stranger->context);
    stranger->context = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_use_cert_and_key(stranger->context, large.x509, large.key, NULL, 1), 1);
    OSSL_PARAM_free(built);
    OSSL_PARAM_BLD_free(parameters);
    EVP_PKEY_CTX_free(maker);
    BN_free(modulus);
    BN_free(exponent);
    fixture_finish(&large);
}

static void large_key(void **state) {
    struct stranger stranger = stranger_create(state);
    use_large_key(&stranger, 8200);
    stranger_run(&stranger);
    assert_failed(&stranger.server, "tls: client sent certificate containing RSA key larger than 8192 bits");
    stranger_finish(&stranger);
    // This one is not too large. Its signature is wrong.
    stranger = stranger_create(state);
    use_large_key(&stranger, 8192);
    stranger_run(&stranger);
    assert_int_equal(stranger.server.result, TLS_FAILED);
    assert_null(strstr(error_text(&stranger.server.err), "RSA key"));
    stranger_finish(&stranger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshake),
        cmocka_unit_test(data),
        cmocka_unit_test(byte_by_byte),
        cmocka_unit_test(much_data),
        cmocka_unit_test(input_limit),
        cmocka_unit_test(write_too_early),
        cmocka_unit_test(end),
        cmocka_unit_test(truncated),
        cmocka_unit_test(close_too_early),
        cmocka_unit_test(truncated_handshake),
        cmocka_unit_test(plain_http),
        cmocka_unit_test(foreign_bytes),
        cmocka_unit_test(changed_on_the_way),
        cmocka_unit_test(version_1_3),
        cmocka_unit_test(version_1_2),
        cmocka_unit_test(protocols),
        cmocka_unit_test(other_protocols),
        cmocka_unit_test(two_certificates),
        cmocka_unit_test(no_certificate),
        cmocka_unit_test(key_updates),
        cmocka_unit_test(key_updates_at_once),
        cmocka_unit_test(key_updates_with_data),
        cmocka_unit_test(large_key),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

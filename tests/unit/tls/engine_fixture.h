// SPDX-License-Identifier: GPL-3.0-or-later
// A client and a server, connected in memory.
#pragma once

#include "certificate_fixture.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "tls/tls_engine.h"

// --- keys and certificates ---

// A server's chain and what belongs to it.
struct chain {
    struct tls_key *identity_key, *key;
    struct certificate *identity, *leaf;
};

static inline struct chain chain_make_at(int64_t now_s) {
    struct chain chain;
    assert_true(tls_key_make(&chain.identity_key, NULL));
    assert_true(tls_key_make(&chain.key, NULL));
    assert_true(certificate_make_identity(chain.identity_key, now_s, &chain.identity, NULL));
    assert_true(certificate_make_leaf(chain.key, chain.identity, chain.identity_key, now_s, &chain.leaf, NULL));
    return chain;
}

static inline void chain_finish(struct chain *chain) {
    certificate_release(chain->leaf);
    certificate_release(chain->identity);
    tls_key_destroy(chain->key);
    tls_key_destroy(chain->identity_key);
}

// The key of a certificate as this module has it.
static inline struct tls_key *fixture_key(const struct certificate_fixture *fixture) {
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    struct tls_key *key;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, fixture->key, NULL, NULL, 0, NULL, NULL), 1);
    long length = BIO_get_mem_data(bio, &text);
    assert_true(tls_key_read_pem(text, (size_t)length, &key, NULL));
    BIO_free(bio);
    return key;
}

// --- contexts ---

static inline struct tls_context *server_context(const struct chain *chain) {
    struct tls_context *context;
    assert_true(tls_context_create_server(&context, NULL));
    assert_true(tls_context_set_chain(context, chain->key, chain->leaf, chain->identity, NULL));
    return context;
}

// A client that trusts the identity of the chain; `client` is its own certificate, or NULL.
static inline struct tls_context *client_context(const struct chain *chain, const struct certificate_fixture *client) {
    char fingerprint[TLS_FINGERPRINT_SIZE];
    struct tls_client_spec spec = {.fingerprint = fingerprint};
    struct tls_context *context;
    assert_true(tls_key_fingerprint(chain->identity_key, fingerprint));
    AUTO_CERTIFICATE struct certificate *certificate = client != NULL ? fixture_certificate(client) : NULL;
    struct tls_key *key = client != NULL ? fixture_key(client) : NULL;
    spec.certificate = certificate;
    spec.key = key;
    assert_true(tls_context_create_client(&spec, &context, NULL));
    tls_key_destroy(key);
    return context;
}

// --- connections ---

// One side, with what it has read.
struct side {
    struct tls_engine *engine;
    struct buffer received;
    enum tls_result result; // of the last read
    struct error err;
};

struct pair {
    struct side client, server;
};

static inline struct pair pair_create(struct tls_context *of_client, const char *host, struct tls_context *of_server) {
    struct pair pair = {{.received = BUFFER_INIT(BUFFER_NO_LIMIT), .result = TLS_WAITING},
                        {.received = BUFFER_INIT(BUFFER_NO_LIMIT), .result = TLS_WAITING}};
    assert_true(tls_engine_create(of_client, host, &pair.client.engine, NULL));
    assert_true(tls_engine_create(of_server, NULL, &pair.server.engine, NULL));
    return pair;
}

static inline void side_finish(struct side *side) {
    tls_engine_destroy(side->engine);
    buffer_finish(&side->received);
    error_clear(&side->err);
}

static inline void pair_finish(struct pair *pair) {
    side_finish(&pair->client);
    side_finish(&pair->server);
}

// Reads all there is.
static inline void side_read(struct side *side) {
    char bytes[20000];
    size_t length;
    for (;;) {
        side->result = tls_engine_read(side->engine, bytes, sizeof bytes, &length, &side->err);
        if (side->result != TLS_DATA)
            break;
        buffer_add(&side->received, bytes, length);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

// Passes the output of one side to the other, at most `step` bytes at a time, and lets that read. Returns whether there
// was any.
static inline bool pair_pass(struct side *from, struct side *to, size_t step) {
    size_t length;
    const char *bytes = tls_engine_output(from->engine, &length);
    if (bytes == NULL)
        return false;
    while (bytes != NULL) {
        size_t taken = tls_engine_receive(to->engine, bytes, length < step ? length : step);
        assert_true(taken > 0);
        tls_engine_consume_output(from->engine, taken);
        side_read(to);
        if (to->result == TLS_FAILED)
            break;
        bytes = tls_engine_output(from->engine, &length);
    }
    return true;
}

// Until neither side has anything to send.
static inline void pair_run(struct pair *pair, size_t step) {
    side_read(&pair->client);
    for (bool is_busy = true; is_busy;) {
        is_busy = pair_pass(&pair->client, &pair->server, step) && pair->server.result != TLS_FAILED;
        is_busy = pair_pass(&pair->server, &pair->client, step) || is_busy;
    }
}

static inline void side_write(struct side *side, const char *text) {
    struct iovec piece = {(void *)(uintptr_t)text, strlen(text)};
    size_t taken = 0;
    assert_true(tls_engine_write(side->engine, &piece, 1, &taken, NULL));
    assert_int_equal(taken, strlen(text));
}

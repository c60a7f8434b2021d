// SPDX-License-Identifier: GPL-3.0-or-later
// An authority, a file with authorities that SSL_CERT_FILE leads to, and contexts of servers that require no
// certificate of their clients.
#pragma once

#include "../tls/engine_fixture.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tls/tls_context_internal.h"

static struct certificate_fixture authority;
static char trust_path[40], trust_directory[32];

// Replaces the content of the file.
static UNUSED void trust_only(const struct certificate_fixture *trusted) {
    AUTO_CERTIFICATE struct certificate *certificate = fixture_certificate(trusted);
    AUTO_FREE char *pem = certificate_to_pem(certificate);
    AUTO_FREE char *next = memory_printf("%s/next", trust_directory);
    FILE *file = fopen(next, "w");
    assert_non_null(file);
    assert_true(fputs(pem, file) >= 0 && fclose(file) == 0);
    assert_int_equal(rename(next, trust_path), 0);
}

static UNUSED struct certificate_fixture make_authority(void) {
    return fixture_make((struct certificate_fixture_spec){.name = "authority", .constraints = "critical,CA:TRUE"});
}

// `spec` is the server's certificate, signed by the authority unless it has another issuer.
static UNUSED struct tls_context *make_server(struct certificate_fixture_spec spec) {
    struct tls_context *context;
    const struct certificate_fixture *issuer = spec.issuer != NULL ? spec.issuer : &authority;
    spec.name = "server";
    spec.issuer = issuer;
    struct certificate_fixture made = fixture_make(spec);
    AUTO_CERTIFICATE struct certificate *leaf = fixture_certificate(&made), *root = fixture_certificate(issuer);
    struct tls_key *key = fixture_key(&made);
    assert_true(tls_context_create_server(&context, NULL));
    assert_true(tls_context_set_chain(context, key, leaf, root, NULL));
    SSL_CTX_set_verify(tls_context_ssl(context), SSL_VERIFY_NONE, NULL);
    tls_key_destroy(key);
    fixture_finish(&made);
    return context;
}

// A server at 127.0.0.1, one.test and the address that proxies are asked for.
static UNUSED struct tls_context *make_good_server(void) {
    return make_server((struct certificate_fixture_spec){
        .alternative_names = "DNS:one.test,DNS:two.test,IP:127.0.0.1,IP:2001:db8:0:0:0:0:0:1"});
}

static UNUSED void open_trust(void) {
    (void)snprintf(trust_directory, sizeof trust_directory, "/tmp/test_trust_XXXXXX");
    assert_non_null(mkdtemp(trust_directory));
    (void)snprintf(trust_path, sizeof trust_path, "%s/ca", trust_directory);
    (void)setenv("SSL_CERT_FILE", trust_path, 1);
    (void)setenv("SSL_CERT_DIR", "/nonexistent", 1);
    authority = make_authority();
    trust_only(&authority);
}

static UNUSED void close_trust(void) {
    (void)unlink(trust_path);
    assert_int_equal(rmdir(trust_directory), 0);
    fixture_finish(&authority);
}

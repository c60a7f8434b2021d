// SPDX-License-Identifier: GPL-3.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "tls/certificate.h"
#include "tls/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true) {
    if (!is_true)
        abort();
}

// A certificate that is read has the same form when it is written.
static void check_certificate(const struct certificate *certificate) {
    AUTO_CERTIFICATE struct certificate *again = NULL;
    AUTO_FREE char *pem = certificate_to_pem(certificate);
    check(certificate_from_pem(pem, strlen(pem), &again, NULL) && certificate_equal(certificate, again));
    char fingerprint[TLS_FINGERPRINT_SIZE], sha256[CERTIFICATE_SHA256_SIZE];
    certificate_sha256(certificate, sha256);
    check(strlen(sha256) == CERTIFICATE_SHA256_SIZE - 1);
    if (certificate_key_fingerprint(certificate, fingerprint))
        check(strlen(fingerprint) == TLS_FINGERPRINT_LENGTH);
    (void)certificate_allows_client(certificate);
    (void)certificate_is_valid_at(certificate, certificate_not_after_s(certificate));
}

static void read_certificate(const void *der, size_t length) {
    AUTO_CERTIFICATE struct certificate *certificate = NULL;
    AUTO_ERROR struct error err = {0};
    size_t own_length;
    if (!certificate_from_der(der, length, &certificate, &err)) {
        check(strcmp(error_text(&err), "x509: malformed certificate") == 0);
        return;
    }
    check(memcmp(certificate_der(certificate, &own_length), der, length) == 0 && own_length == length);
    check_certificate(certificate);
}

static void read_key(const void *der, size_t length) {
    struct tls_key *key;
    char fingerprint[TLS_FINGERPRINT_SIZE];
    if (!tls_key_read_ed25519(der, length, &key, NULL))
        return;
    check(tls_key_fingerprint(key, fingerprint));
    AUTO_SECRET struct buffer pem = BUFFER_INIT(4096);
    check(tls_key_add_pem(key, &pem, NULL));
    tls_key_destroy(key);
}

static void read_text(const char *text, size_t length) {
    AUTO_BUFFER struct buffer content = BUFFER_INIT(length);
    struct pem_block block;
    while (pem_find(text, length, &block, &content)) {
        check(block.rest > text && block.rest + block.rest_length == text + length);
        read_certificate(buffer_text(&content), content.length);
        read_key(buffer_text(&content), content.length);
        text = block.rest;
        length = block.rest_length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_FREE char *bytes = memory_copy(data, size);
    struct tls_key *key;
    read_certificate(bytes, size);
    read_key(bytes, size);
    read_text(bytes, size);
    if (tls_key_read_pem(bytes, size, &key, NULL))
        tls_key_destroy(key);
    return 0;
}

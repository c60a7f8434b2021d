// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tls/pem.h"
#include "tls/tls_key.h"

// Made with the command openssl, and so was the fingerprint.
#define ED25519                                                                                                        \
    "-----BEGIN PRIVATE KEY-----\n"                                                                                    \
    "MC4CAQAwBQYDK2VwBCIEIPSDSsbn5E9k6dUOGhO3vKYGZhvRk6tEYesnzOFTFFl8\n"                                               \
    "-----END PRIVATE KEY-----\n"
#define EC                                                                                                             \
    "-----BEGIN EC PRIVATE KEY-----\n"                                                                                 \
    "MHcCAQEEIJBad5xBLmf3/nB/nKjwVpv89L4FYE4zGjla3QKHTY9goAoGCCqGSM49\n"                                               \
    "AwEHoUQDQgAEt9/eHFVbE/vLpPoYU4W/Rftb3jB9x/3ww566QmVSvitQG+IwQohx\n"                                               \
    "C+ZAinm2deXr/K/+J6+FybY9Ahyy8smW1g==\n"                                                                           \
    "-----END EC PRIVATE KEY-----\n"
#define EC_PKCS8                                                                                                       \
    "-----BEGIN PRIVATE KEY-----\n"                                                                                    \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkFp3nEEuZ/f+cH+c\n"                                               \
    "qPBWm/z0vgVgTjMaOVrdAodNj2ChRANCAAS3394cVVsT+8uk+hhThb9F+1veMH3H\n"                                               \
    "/fDDnrpCZVK+K1Ab4jBCiHEL5kCKebZ15ev8r/4nr4XJtj0CHLLyyZbW\n"                                                       \
    "-----END PRIVATE KEY-----\n"
#define RSA                                                                                                            \
    "-----BEGIN RSA PRIVATE KEY-----\n"                                                                                \
    "MIICXAIBAAKBgQC2JV/3xDmZwlPb3ISW3QypJDiNFP0PRQJOEiVNg5BqbiBU5CRt\n"                                               \
    "WLTM3of4UaVoFl+2+KLD4Jf2+JvxbFG19eIJ1WYBdInj+wDce6ZRJ4ikZP8SY85d\n"                                               \
    "mtBOApLdgBH1dkfjNWl4Czj52mw0O+AVsn7Lx0t4bNF6xgS4D50e25sTDQIDAQAB\n"                                               \
    "AoGAc8eKGvoWCxClMWoYtbTI6XLmp3ch7GTXND0AjScF00ExOATUytTKCDejgkqT\n"                                               \
    "s3gVWz7sZ0oKDqi0p19NCTbEeJttHrtiRxGp806kU3m08m/qxyBwKCObvnuk2xEx\n"                                               \
    "VNYcfoehQMkk7MLmhxHQzp5h1xbFCTEzl8ujkrwmCvDs+1kCQQDx2/KY2tsE2Hmf\n"                                               \
    "V4xoMN+EO8YWONWTPCF9t7X9YowD2ae81AD+fwlXKHTw5EqM2utkk5lkyTcJh6oo\n"                                               \
    "StmHAYfTAkEAwMup/60zcCXGTMGZNs3xHmFZI6QOJUYEh32FQBFkXLR7LzwyOFwN\n"                                               \
    "ch+pj6OuDEgq6WwGw+nHI6vtnjZdU/YNnwJAEEsP8co0nQP0VY6xT8eTFzZrps2X\n"                                               \
    "Xb7cRrrckMBVzGCaUzc5BewK9gssrZnDh++rke/7knWXtpWkGejI9LZerwJAGelF\n"                                               \
    "Z793clMhW5+JX/w9s7+Ro2ChJhFK+oq8JegwfOUkySxl830rsXLf7xYohi4M1mJW\n"                                               \
    "Zm48/WZWATV9RZOEMQJBAL/DX7pjfuuHKf8SX/dpI/e4bI3OycjDwosbmOtq6GN6\n"                                               \
    "rwiwezlfCqV2ABGL+fuIowJlqWjdhOpkao1m1iB3Lik=\n"                                                                   \
    "-----END RSA PRIVATE KEY-----\n"
#define ENCRYPTED                                                                                                      \
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"                                                                          \
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjbRgIUSwPypQICCAAw\n"                                               \
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEIQ8lzVLdinA/pEE22OTbbAEgZDd\n"                                               \
    "mZYDx++j79Lzrc8Zb451zBbq4Z1/meEZoQaxV/utRZ7K3kj7tNMZcoyuKY8mJ+vD\n"                                               \
    "xAipmMicVEOtZN6m2wlrkpOsoSO0IEptlgCurGC4Yt4oOAJvXeRAJBcMJcTz3ObY\n"                                               \
    "yOLstdV4NTbnabDllhKz2mQfWqHlr9vM5Ghb272vk4LJinfVx4qYKhfU0EjIaA4=\n"                                               \
    "-----END ENCRYPTED PRIVATE KEY-----\n"
#define FINGERPRINT "SG7BV6PUXDP7ZAG6JM4VBZS4FWO4YP3IUR7G6HWOZDHKAM7KEWQRFGLXQVB4EKDT2HKQ7PMTW35CE"

static void make(void **state UNUSED) {
    struct tls_key *key, *again;
    char a[TLS_FINGERPRINT_SIZE], b[TLS_FINGERPRINT_SIZE];
    assert_true(tls_key_make(&key, NULL));
    assert_true(tls_key_make(&again, NULL));
    assert_true(tls_key_fingerprint(key, a));
    assert_true(tls_key_fingerprint(again, b));
    assert_int_equal(strlen(a), TLS_FINGERPRINT_LENGTH);
    assert_string_not_equal(a, b);
    tls_key_destroy(again);
    tls_key_destroy(key);
    tls_key_destroy(NULL);
}

static void pem(void **state UNUSED) {
    struct tls_key *key;
    char fingerprint[TLS_FINGERPRINT_SIZE];
    assert_true(tls_key_read_pem(ED25519, strlen(ED25519), &key, NULL));
    AUTO_SECRET struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_true(tls_key_add_pem(key, &text, NULL));
    assert_string_equal(buffer_text(&text), ED25519);
    assert_true(tls_key_fingerprint(key, fingerprint));
    assert_string_equal(fingerprint, FINGERPRINT);
    tls_key_destroy(key);
}

static void pem_limit(void **state UNUSED) {
    struct tls_key *key;
    assert_true(tls_key_make(&key, NULL));
    AUTO_SECRET struct buffer text = BUFFER_INIT(100);
    AUTO_ERROR struct error err = {0};
    assert_false(tls_key_add_pem(key, &text, &err));
    assert_int_equal(err.kind, ERROR_TOO_LARGE);
    tls_key_destroy(key);
}

// The message, NULL if the key is read.
static char *read_ed25519(const char *text, size_t cut) {
    AUTO_SECRET struct buffer content = BUFFER_INIT(4096);
    AUTO_ERROR struct error err = {0};
    struct pem_block block;
    struct tls_key *key = NULL;
    assert_true(pem_find(text, strlen(text), &block, &content));
    if (tls_key_read_ed25519(content.data, content.length - cut, &key, &err)) {
        tls_key_destroy(key);
        return NULL;
    }
    assert_null(key);
    assert_int_equal(err.kind, ERROR_BAD_REQUEST);
    return TAKE(err.message);
}

static void assert_message(char *message, const char *expected) {
    assert_string_equal(message, expected);
    free(message);
}

static void ed25519(void **state UNUSED) {
    assert_null(read_ed25519(ED25519, 0));
    assert_message(read_ed25519(EC_PKCS8, 0), "ed25519 type private key expected");
    static const char malformed[] = "cannot parse private key: x509: malformed private key";
    assert_message(read_ed25519(ED25519, 1), malformed);
    assert_message(read_ed25519(ED25519, 48), malformed);
    assert_message(read_ed25519(EC, 0), malformed);
    assert_message(read_ed25519(ENCRYPTED, 0), malformed);
}

static void ed25519_with_more(void **state UNUSED) {
    AUTO_SECRET struct buffer content = BUFFER_INIT(4096);
    struct tls_key *key;
    assert_true(pem_read_only_block(ED25519, strlen(ED25519), TLS_KEY_LABEL, &content, NULL));
    assert_true(tls_key_read_ed25519(content.data, content.length, &key, NULL));
    tls_key_destroy(key);
    buffer_add_char(&content, '\0');
    assert_false(tls_key_read_ed25519(content.data, content.length, &key, NULL));
}

static char *read_pem(const char *text) {
    AUTO_ERROR struct error err = {0};
    struct tls_key *key = NULL;
    if (tls_key_read_pem(text, strlen(text), &key, &err)) {
        tls_key_destroy(key);
        return NULL;
    }
    assert_null(key);
    return TAKE(err.message);
}

static void kinds(void **state UNUSED) {
    assert_null(read_pem(EC));
    assert_null(read_pem(EC_PKCS8));
    assert_null(read_pem(RSA));
    assert_null(read_pem("words\n" ED25519 "more"));
    assert_message(read_pem(ENCRYPTED), "private key is encrypted");
    assert_message(read_pem(""), "missing private key block");
    static const char malformed[] = "cannot parse private key: x509: malformed private key";
    assert_message(read_pem("-----BEGIN PRIVATE KEY-----\nYQ==\n-----END PRIVATE KEY-----\n"), malformed);
    assert_message(read_pem("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"), malformed);
}

// An encrypted key behind the wrong label is refused. Nobody is asked for a password.
static void encrypted(void **state UNUSED) {
    AUTO_SECRET struct buffer content = BUFFER_INIT(4096), text = BUFFER_INIT(4096);
    struct pem_block block;
    assert_true(pem_find(ENCRYPTED, strlen(ENCRYPTED), &block, &content));
    pem_add(&text, TLS_KEY_LABEL, content.data, content.length);
    assert_message(read_pem(buffer_text(&text)), "cannot parse private key: x509: malformed private key");
}

static void no_fingerprint(void **state UNUSED) {
    struct tls_key *key;
    char fingerprint[TLS_FINGERPRINT_SIZE] = "same";
    assert_true(tls_key_read_pem(EC, strlen(EC), &key, NULL));
    assert_false(tls_key_fingerprint(key, fingerprint));
    assert_string_equal(fingerprint, "same");
    tls_key_destroy(key);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(make),
        cmocka_unit_test(pem),
        cmocka_unit_test(pem_limit),
        cmocka_unit_test(ed25519),
        cmocka_unit_test(ed25519_with_more),
        cmocka_unit_test(kinds),
        cmocka_unit_test(encrypted),
        cmocka_unit_test(no_fingerprint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

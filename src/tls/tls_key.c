// SPDX-License-Identifier: LGPL-3.0-or-later
#include "tls/tls_key_internal.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "tls/openssl_internal.h"
#include "tls/pem.h"

#define ED25519_KEY_BYTES 32
#define SHA384_BYTES 48

struct tls_key {
    EVP_PKEY *pkey;
};

// Takes ownership of the key.
static struct tls_key *wrap(EVP_PKEY *pkey) {
    struct tls_key *key = memory_new(sizeof *key);
    key->pkey = pkey;
    return key;
}

bool tls_key_make(struct tls_key **key, struct error *err) {
    openssl_start();
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (pkey == NULL)
        return openssl_fail(err, "cannot make private key");
    *key = wrap(pkey);
    return true;
}

// --- reading ---

static bool fail_parse(struct error *err) {
    ERR_clear_error();
    return error_set(err, ERROR_BAD_REQUEST, "cannot parse private key: x509: malformed private key");
}

static bool convert(const PKCS8_PRIV_KEY_INFO *info, struct tls_key **key, struct error *err) {
    const ASN1_OBJECT *algorithm;
    if (PKCS8_pkey_get0(&algorithm, NULL, NULL, NULL, info) != 1)
        return fail_parse(err);
    if (OBJ_obj2nid(algorithm) != NID_ED25519)
        return error_set(err, ERROR_BAD_REQUEST, "ed25519 type private key expected");
    EVP_PKEY *pkey = EVP_PKCS82PKEY(info);
    if (pkey == NULL)
        return fail_parse(err);
    *key = wrap(pkey);
    return true;
}

bool tls_key_read_ed25519(const void *pkcs8, size_t length, struct tls_key **key, struct error *err) {
    openssl_start();
    const unsigned char *at = pkcs8, *end = at + length;
    if (length > INT32_MAX)
        return fail_parse(err);
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)length);
    bool is_good = info != NULL && at == end ? convert(info, key, err) : fail_parse(err);
    PKCS8_PRIV_KEY_INFO_free(info);
    return is_good;
}

static bool is_key(const struct pem_block *block) {
    return pem_has_label(block, TLS_KEY_LABEL) || pem_has_label(block, "RSA PRIVATE KEY") ||
           pem_has_label(block, "EC PRIVATE KEY");
}

bool tls_key_read_pem(const char *text, size_t length, struct tls_key **key, struct error *err) {
    openssl_start();
    AUTO_SECRET struct buffer content = BUFFER_INIT(INT32_MAX);
    struct pem_block block;
    if (!buffer_reserve(&content, length) || !pem_find(text, length, &block, &content))
        return error_set(err, ERROR_BAD_REQUEST, "missing private key block");
    if (pem_has_label(&block, "ENCRYPTED PRIVATE KEY"))
        return error_set(err, ERROR_BAD_REQUEST, "private key is encrypted");
    if (!is_key(&block))
        return error_set(err, ERROR_BAD_REQUEST, "missing private key block");
    const unsigned char *at = (const unsigned char *)buffer_text(&content), *end = at + content.length;
    EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)content.length);
    if (pkey == NULL || at != end) {
        EVP_PKEY_free(pkey);
        return fail_parse(err);
    }
    ERR_clear_error(); // of the forms that were tried in vain
    *key = wrap(pkey);
    return true;
}

void tls_key_destroy(struct tls_key *key) {
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

// --- writing ---

static bool encode(const EVP_PKEY *pkey, unsigned char **bytes, int *length) {
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
    *length = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, bytes) : -1;
    PKCS8_PRIV_KEY_INFO_free(info);
    return *length > 0;
}

bool tls_key_add_pem(const struct tls_key *key, struct buffer *out, struct error *err) {
    unsigned char *bytes = NULL;
    int length;
    if (!encode(key->pkey, &bytes, &length))
        return openssl_fail(err, "cannot encode private key");
    // PEM has 65 characters for 48 bytes, and the lines of the label. Growing later would leave bytes of the key
    // behind.
    if (buffer_reserve(out, (size_t)length * 2 + 128))
        pem_add(out, TLS_KEY_LABEL, bytes, (size_t)length);
    OPENSSL_clear_free(bytes, (size_t)length);
    return buffer_is_whole(out) || error_set(err, ERROR_TOO_LARGE, "cannot encode private key: too large");
}

// --- fingerprint ---

static void encode_base32(const unsigned char *bytes, size_t length, char *out) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned bits = 0, count = 0;
    for (size_t i = 0; i < length; i++) {
        bits = (bits << 8 | bytes[i]) & 0xfff; // at most four bits are left from before
        for (count += 8; count >= 5; count -= 5)
            *out++ = alphabet[bits >> (count - 5) & 31];
    }
    if (count > 0)
        *out++ = alphabet[bits << (5 - count) & 31];
    *out = '\0';
}

bool tls_key_public_fingerprint(const EVP_PKEY *pkey, char out[TLS_FINGERPRINT_SIZE]) {
    unsigned char raw[ED25519_KEY_BYTES], digest[SHA384_BYTES];
    size_t raw_length = sizeof raw;
    if (EVP_PKEY_get_id(pkey) != EVP_PKEY_ED25519 || EVP_PKEY_get_raw_public_key(pkey, raw, &raw_length) != 1 ||
        EVP_Q_digest(NULL, "SHA384", NULL, raw, raw_length, digest, NULL) != 1) {
        ERR_clear_error();
        return false;
    }
    encode_base32(digest, sizeof digest, out);
    return true;
}

bool tls_key_fingerprint(const struct tls_key *key, char out[TLS_FINGERPRINT_SIZE]) {
    return tls_key_public_fingerprint(key->pkey, out);
}

EVP_PKEY *tls_key_pkey(const struct tls_key *key) {
    return key->pkey;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "folder.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "access/identity_key.h"

static char *fingerprint_of(const char *directory) {
    struct tls_key *key;
    AUTO_ERROR struct error err = {0};
    char fingerprint[TLS_FINGERPRINT_SIZE];
    if (!identity_key_load(directory, &key, &err))
        fail_msg("%s", error_text(&err));
    assert_true(tls_key_fingerprint(key, fingerprint));
    tls_key_destroy(key);
    return memory_string(fingerprint);
}

static void the_key_is_made_and_kept(void **state) {
    AUTO_FREE char *directory = path_join(*state, "identity");
    AUTO_FREE char *path = path_join(directory, "key.pem");
    AUTO_FREE char *made = fingerprint_of(directory);
    assert_int_equal(mode_of(directory), 0700);
    assert_int_equal(mode_of(path), 0600);
    AUTO_FREE char *names = names_in(directory);
    assert_string_equal(names, "key.pem");
    AUTO_FREE char *text = file_text(path);
    assert_true(text_has_prefix(text, "-----BEGIN PRIVATE KEY-----\n"));
    assert_true(text_has_suffix(text, "\n-----END PRIVATE KEY-----\n"));
    AUTO_FREE char *again = fingerprint_of(directory);
    assert_string_equal(again, made);

    assert_int_equal(unlink(path), 0);
    AUTO_FREE char *other = fingerprint_of(directory);
    assert_string_not_equal(other, made);
}

static void refuses(const char *directory, const char *message) {
    AUTO_ERROR struct error err = {0};
    struct tls_key *key = NULL;
    assert_false(identity_key_load(directory, &key, &err));
    assert_null(key);
    if (strstr(error_text(&err), message) != error_text(&err))
        fail_msg("want %s, got %s", message, error_text(&err));
}

static void modes_are_checked(void **state) {
    AUTO_FREE char *directory = path_join(*state, "identity");
    AUTO_FREE char *path = path_join(directory, "key.pem");
    AUTO_FREE char *made = fingerprint_of(directory);
    assert_int_equal(chmod(path, 0640), 0);
    refuses(directory, "expected permission 0o600 (got 0o640) for \"/tmp/");
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(chmod(directory, 0755), 0);
    refuses(directory, "expected permission 0o700 (got 0o755) for \"/tmp/");
    assert_int_equal(chmod(directory, 0700), 0);
    AUTO_FREE char *again = fingerprint_of(directory);
    assert_string_equal(again, made);
}

static char *rsa_key(void) {
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    long length = BIO_get_mem_data(bio, &bytes);
    char *text = memory_string_n(bytes, (size_t)length);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return text;
}

static void other_content_is_refused(void **state) {
    AUTO_FREE char *directory = path_join(*state, "identity");
    AUTO_FREE char *path = path_join(directory, "key.pem");
    free(fingerprint_of(directory)); // makes the key
    AUTO_FREE char *text = file_text(path);
    AUTO_FREE char *more = memory_printf("%smore\n", text);
    AUTO_FREE char *rsa = rsa_key();
    file_set(path, more, 0600);
    refuses(directory, "unexpected bytes after 'PRIVATE KEY' block in \"/tmp/");
    file_set(path, "nothing\n", 0600);
    refuses(directory, "missing 'PRIVATE KEY' block in \"/tmp/");
    file_set(path, "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", 0600);
    refuses(directory, "cannot parse private key: ");
    file_set(path, rsa, 0600);
    refuses(directory, "ed25519 type private key expected");
    AUTO_FREE char *left = file_text(path); // nothing has been replaced
    assert_string_equal(left, rsa);
}

static void links_are_not_followed(void **state) {
    AUTO_FREE char *directory = path_join(*state, "identity");
    AUTO_FREE char *path = path_join(directory, "key.pem");
    AUTO_FREE char *target = path_join(*state, "target");
    free(fingerprint_of(directory));
    assert_int_equal(rename(path, target), 0);
    assert_int_equal(symlink(target, path), 0);
    refuses(directory, "open /tmp/");
}

static void no_place_for_the_key(void **state) {
    AUTO_FREE char *file = path_join(*state, "file");
    file_set(file, "", 0600);
    refuses(file, "mkdir /tmp/");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_key_is_made_and_kept, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(modes_are_checked, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(other_content_is_refused, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(links_are_not_followed, folder_set_up, folder_tear_down),
        cmocka_unit_test_setup_teardown(no_place_for_the_key, folder_set_up, folder_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

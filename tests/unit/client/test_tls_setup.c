// SPDX-License-Identifier: GPL-3.0-or-later
#include "tls/engine_fixture.h"

#include <unistd.h>

#include "base/file.h"
#include "client/errors.h"
#include "client/tls_setup_internal.h"

#define FINGERPRINT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// A directory with the files of a certificate and its key.
struct files {
    char directory[32];
    char *certificate, *key, *other;
    char *certificate_text, *key_text;
};

static void write_text(const char *path, const char *text) {
    const struct iovec piece = {(void *)(uintptr_t)text, strlen(text)};
    assert_true(file_write_atomic(path, &piece, 1, 0600, NULL));
}

static char *key_text(const struct certificate_fixture *fixture) {
    struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct tls_key *key = fixture_key(fixture);
    assert_true(tls_key_add_pem(key, &text, NULL));
    tls_key_destroy(key);
    return buffer_take(&text);
}

static int set_up(void **state) {
    struct files *files = memory_new(sizeof *files);
    struct certificate_fixture wren = fixture_make((struct certificate_fixture_spec){.name = "wren"});
    AUTO_CERTIFICATE struct certificate *certificate = fixture_certificate(&wren);
    memcpy(files->directory, "/tmp/tls-setup-XXXXXX", sizeof "/tmp/tls-setup-XXXXXX");
    assert_non_null(mkdtemp(files->directory));
    files->certificate = path_join(files->directory, "certificate");
    files->key = path_join(files->directory, "key");
    files->other = path_join(files->directory, "other");
    files->certificate_text = certificate_to_pem(certificate);
    files->key_text = key_text(&wren);
    write_text(files->certificate, files->certificate_text);
    write_text(files->key, files->key_text);
    fixture_finish(&wren);
    *state = files;
    return 0;
}

static int tear_down(void **state) {
    struct files *files = *state;
    char *paths[] = {files->certificate, files->key, files->other};
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        unlink(paths[i]);
        free(paths[i]);
    }
    assert_int_equal(rmdir(files->directory), 0);
    free(files->certificate_text);
    free(files->key_text);
    free(files);
    return 0;
}

static void assert_created(const char *certificate, const char *key, const char *fingerprint) {
    const struct pebble_client_options options = {
        .certificate_path = certificate, .key_path = key, .server_fingerprint = fingerprint};
    struct tls_context *context = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    if (!client_tls_create(&options, &client_tls_option_names, &context, &error))
        fail_msg("%s", error.message);
    tls_context_release(context);
}

static void assert_refused(const struct pebble_client_options *options, enum pebble_error_kind kind,
                           const char *message) {
    struct tls_context *context = NULL;
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_false(client_tls_create(options, &client_tls_environment_names, &context, &error));
    assert_null(context);
    assert_string_equal(error.message, message);
    assert_int_equal(error.kind, kind);
}

// The message is that of PEBBLE_ERROR_FILE, with the path in the place of %s.
static void assert_files_refused(const char *certificate, const char *key, const char *message) {
    const struct pebble_client_options options = {
        .certificate_path = certificate, .key_path = key, .server_fingerprint = FINGERPRINT};
    assert_refused(&options, PEBBLE_ERROR_FILE, message);
}

static void everything_may_be_left_out(void **state UNUSED) {
    assert_created(NULL, NULL, FINGERPRINT);
    assert_created("", "", FINGERPRINT);
}

static void certificate_and_key_are_read(void **state) {
    const struct files *files = *state;
    assert_created(files->certificate, files->key, FINGERPRINT);
    // Both in one file, with text and other blocks around them.
    AUTO_FREE char *text = memory_printf("comment\n-----BEGIN X-----\nAAAA\n-----END X-----\n%s\n%s\n",
                                         files->certificate_text, files->key_text);
    write_text(files->other, text);
    assert_created(files->other, files->other, FINGERPRINT);
}

static void one_of_both_is_refused(void **state) {
    const struct files *files = *state;
    assert_refused(&(struct pebble_client_options){.certificate_path = files->certificate}, PEBBLE_ERROR_ARGUMENT,
                   "cannot use PEBBLE_CLIENT_CERT without PEBBLE_CLIENT_KEY");
    assert_refused(&(struct pebble_client_options){.certificate_path = "", .key_path = files->key},
                   PEBBLE_ERROR_ARGUMENT, "cannot use PEBBLE_CLIENT_KEY without PEBBLE_CLIENT_CERT");
}

static void assert_text_refused(const struct files *files, const char *certificate, const char *key,
                                const char *reason) {
    AUTO_FREE char *message =
        memory_printf("cannot use %s: \"%s\": %s", certificate != NULL ? "PEBBLE_CLIENT_CERT" : "PEBBLE_CLIENT_KEY",
                      files->other, reason);
    write_text(files->other, certificate != NULL ? certificate : key);
    assert_files_refused(certificate != NULL ? files->other : files->certificate,
                         certificate != NULL ? files->key : files->other, message);
}

static void contents_are_checked(void **state) {
    const struct files *files = *state;
    AUTO_FREE char *twice = memory_printf("%s%s", files->certificate_text, files->certificate_text);
    AUTO_FREE char *large = memory_printf("%070000d\n%s", 0, files->certificate_text);
    struct certificate_fixture stranger = fixture_make((struct certificate_fixture_spec){.name = "x"});
    AUTO_FREE char *other_key = key_text(&stranger);
    AUTO_FREE char *mismatch = memory_printf("not the key of the certificate \"%s\"", files->certificate);
    assert_text_refused(files, "", NULL, "missing 'CERTIFICATE' block");
    assert_text_refused(files, files->key_text, NULL, "missing 'CERTIFICATE' block");
    assert_text_refused(files, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", NULL,
                        "x509: malformed certificate");
    assert_text_refused(files, twice, NULL, "more than one certificate");
    assert_text_refused(files, large, NULL, "larger than 64 KiB");
    assert_text_refused(files, NULL, "", "missing private key block");
    assert_text_refused(files, NULL, files->certificate_text, "missing private key block");
    assert_text_refused(files, NULL,
                        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
                        "private key is encrypted");
    assert_text_refused(files, NULL, other_key, mismatch);
    fixture_finish(&stranger);
}

static void files_that_cannot_be_read_are_named(void **state) {
    const struct files *files = *state;
    assert_files_refused("/nonexistent", files->key,
                         "cannot use PEBBLE_CLIENT_CERT: open /nonexistent: no such file or directory");
    assert_files_refused(files->certificate, "/dev/null/x",
                         "cannot use PEBBLE_CLIENT_KEY: open /dev/null/x: not a directory");
}

static void fingerprints_are_checked(void **state UNUSED) {
    assert_refused(
        &(struct pebble_client_options){.server_fingerprint = "12:34"}, PEBBLE_ERROR_ARGUMENT,
        "cannot use PEBBLE_SERVER_FINGERPRINT: invalid fingerprint \"12:34\": must be 77 letters and digits (of the "
        "identity key) or 64 hexadecimal digits (of a certificate)");
}

static void authorities_are_read(void **state) {
    const struct files *files = *state;
    setenv("SSL_CERT_DIR", "/nonexistent", 1);
    setenv("SSL_CERT_FILE", files->certificate, 1);
    assert_created(NULL, NULL, NULL);
    setenv("SSL_CERT_FILE", files->key, 1);
    assert_refused(&(struct pebble_client_options){.size = 0}, PEBBLE_ERROR_FILE,
                   "cannot use HTTPS: the system has no certificates of authorities, see SSL_CERT_FILE; "
                   "PEBBLE_SERVER_FINGERPRINT is not set");
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
}

static void options_without_use_are_refused(void **state UNUSED) {
    const struct client_tls_names *names = &client_tls_option_names;
    const struct {
        struct pebble_client_options options;
        const char *name;
    } cases[] = {
        {{.certificate_path = "x", .key_path = "y"}, "certificate_path"},
        {{.key_path = "y"}, "key_path"},
        {{.server_fingerprint = "z"}, "server_fingerprint"},
    };
    assert_true(client_tls_check_unused(&(struct pebble_client_options){.key_path = ""}, names, NULL));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_PEBBLE_ERROR struct pebble_error error = {0};
        AUTO_FREE char *message = memory_printf("cannot use %s without a base URL https://HOST:PORT", cases[i].name);
        assert_false(client_tls_check_unused(&cases[i].options, names, &error));
        assert_string_equal(error.message, message);
        assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_may_be_left_out),
        cmocka_unit_test(certificate_and_key_are_read),
        cmocka_unit_test(one_of_both_is_refused),
        cmocka_unit_test(contents_are_checked),
        cmocka_unit_test(files_that_cannot_be_read_are_named),
        cmocka_unit_test(fingerprints_are_checked),
        cmocka_unit_test(authorities_are_read),
        cmocka_unit_test(options_without_use_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

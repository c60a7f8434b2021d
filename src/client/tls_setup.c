// SPDX-License-Identifier: LGPL-3.0-or-later
#include "client/tls_setup_internal.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"
#include "tls/certificate.h"
#include "tls/pem.h"
#include "tls/tls_key.h"
#include "tls/trust_store.h"

#define FILE_BYTES_MAX ((size_t)65536)
#define KEY_LABEL_END "PRIVATE KEY"

const struct client_tls_names client_tls_option_names = {"certificate_path", "key_path", "server_fingerprint"};
const struct client_tls_names client_tls_environment_names = {"PEBBLE_CLIENT_CERT", "PEBBLE_CLIENT_KEY",
                                                              "PEBBLE_SERVER_FINGERPRINT"};

// --- files ---

// A PEM file; the memory of its text is wiped.
struct pem_file {
    const char *name; // of the option
    const char *path;
    struct buffer text;
};

static bool fail_file(const struct pem_file *file, const char *reason, struct pebble_error *error) {
    AUTO_FREE char *quoted = text_quoted(file->path);
    return client_fail(error, PEBBLE_ERROR_FILE, "cannot use %s: %s: %s", file->name, quoted, reason);
}

static bool read_file(struct pem_file *file, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    buffer_init(&file->text, FILE_BYTES_MAX);
    if (!buffer_reserve(&file->text, FILE_BYTES_MAX))
        return fail_file(file, "out of memory", error);
    if (file_read(file->path, &file->text, &cause))
        return true;
    if (cause.kind == ERROR_TOO_LARGE)
        return fail_file(file, "larger than 64 KiB", error);
    return client_fail(error, PEBBLE_ERROR_FILE, "cannot use %s: %s", file->name, error_text(&cause));
}

// Finds the first block whose label ends so, and moves `text` behind it. `from` is where the search for it began.
static bool find_block(const char **text, size_t *length, const char *label_end, const char **from,
                       struct buffer *content) {
    struct pem_block block;
    for (*from = *text; pem_find(*text, *length, &block, content); *from = *text) {
        AUTO_FREE char *label = memory_string_n(block.label, block.label_length);
        *text = block.rest;
        *length = block.rest_length;
        if (text_has_suffix(label, label_end))
            return true;
    }
    return false;
}

static bool read_certificate(struct pem_file *file, struct certificate **certificate, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    AUTO_SECRET struct buffer content = BUFFER_INIT(FILE_BYTES_MAX);
    const char *text = file->text.data, *from;
    size_t length = file->text.length;
    if (!find_block(&text, &length, CERTIFICATE_LABEL, &from, &content))
        return fail_file(file, "missing '" CERTIFICATE_LABEL "' block", error);
    AUTO_CERTIFICATE struct certificate *read = NULL;
    if (!certificate_from_der(content.data, content.length, &read, &cause))
        return fail_file(file, error_text(&cause), error);
    // The daemon takes one certificate only.
    if (find_block(&text, &length, CERTIFICATE_LABEL, &from, &content))
        return fail_file(file, "more than one certificate", error);
    *certificate = TAKE(read);
    return true;
}

// A file may have the certificate or the parameters of the key before it.
static bool read_key(struct pem_file *file, struct tls_key **key, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    AUTO_SECRET struct buffer content = BUFFER_INIT(FILE_BYTES_MAX);
    const char *text = file->text.data, *from;
    size_t length = file->text.length;
    if (!buffer_reserve(&content, FILE_BYTES_MAX))
        return fail_file(file, "out of memory", error);
    (void)find_block(&text, &length, KEY_LABEL_END, &from, &content);
    return tls_key_read_pem(from, (size_t)(file->text.data + file->text.length - from), key, &cause) ||
           fail_file(file, error_text(&cause), error);
}

// --- the client's certificate ---

struct key_pair {
    struct certificate *certificate; // NULL: none
    struct tls_key *key;
};

static void key_pair_finish(struct key_pair *pair) {
    certificate_release(pair->certificate);
    tls_key_destroy(pair->key);
}

static bool read_key_pair(const struct pebble_client_options *options, const struct client_tls_names *names,
                          struct key_pair *pair, struct pebble_error *error) {
    struct pem_file certificate = {.name = names->certificate, .path = options->certificate_path};
    struct pem_file key = {.name = names->key, .path = options->key_path};
    bool has_certificate = !text_is_empty(certificate.path), has_key = !text_is_empty(key.path);
    if (!has_certificate && !has_key)
        return true;
    if (has_certificate != has_key)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use %s without %s",
                           has_certificate ? names->certificate : names->key,
                           has_certificate ? names->key : names->certificate);
    bool is_read = read_file(&certificate, error) && read_certificate(&certificate, &pair->certificate, error) &&
                   read_file(&key, error) && read_key(&key, &pair->key, error);
    pem_wipe(&certificate.text);
    pem_wipe(&key.text);
    if (!is_read || certificate_has_key(pair->certificate, pair->key))
        return is_read;
    AUTO_FREE char *quoted = text_quoted(certificate.path);
    AUTO_FREE char *words = memory_printf("not the key of the certificate %s", quoted);
    return fail_file(&key, words, error);
}

// --- the whole ---

static bool create_context(const struct tls_client_spec *spec, const struct client_tls_names *names,
                           struct tls_context **context, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    if (tls_context_create_client(spec, context, &cause))
        return true;
    if (cause.kind == ERROR_BAD_REQUEST)
        return client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use %s: %s", names->fingerprint, error_text(&cause));
    return client_fail(error, PEBBLE_ERROR_CONNECTION, "%s", error_text(&cause));
}

static bool create_with_authorities(struct tls_client_spec *spec, const struct client_tls_names *names,
                                    struct tls_context **context, struct pebble_error *error) {
    AUTO_ERROR struct error cause = {0};
    struct trust_store *trust;
    if (!trust_store_load(getenv("SSL_CERT_FILE"), getenv("SSL_CERT_DIR"), &trust, &cause))
        return client_fail(error, PEBBLE_ERROR_FILE, "cannot read the certificates of authorities: %s",
                           error_text(&cause));
    spec->trust = trust;
    bool is_created = trust_store_count(trust) > 0
                          ? create_context(spec, names, context, error)
                          : client_fail(error, PEBBLE_ERROR_FILE,
                                        "cannot use HTTPS: the system has no certificates of authorities, see "
                                        "SSL_CERT_FILE; %s is not set",
                                        names->fingerprint);
    trust_store_destroy(trust);
    return is_created;
}

bool client_tls_create(const struct pebble_client_options *options, const struct client_tls_names *names,
                       struct tls_context **context, struct pebble_error *error) {
    struct key_pair pair = {0};
    bool is_created = read_key_pair(options, names, &pair, error);
    if (is_created) {
        struct tls_client_spec spec = {.certificate = pair.certificate, .key = pair.key};
        if (!text_is_empty(options->server_fingerprint))
            spec.fingerprint = options->server_fingerprint;
        is_created = spec.fingerprint != NULL ? create_context(&spec, names, context, error)
                                              : create_with_authorities(&spec, names, context, error);
    }
    key_pair_finish(&pair);
    return is_created;
}

bool client_tls_check_unused(const struct pebble_client_options *options, const struct client_tls_names *names,
                             struct pebble_error *error) {
    const char *used = !text_is_empty(options->certificate_path)     ? names->certificate
                       : !text_is_empty(options->key_path)           ? names->key
                       : !text_is_empty(options->server_fingerprint) ? names->fingerprint
                                                                     : NULL;
    return used == NULL ||
           client_fail(error, PEBBLE_ERROR_ARGUMENT, "cannot use %s without a base URL https://HOST:PORT", used);
}

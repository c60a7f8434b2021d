// SPDX-License-Identifier: GPL-3.0-or-later
#include "access/server_certificates.h"

#include <stdlib.h>

#include "access/private_file_internal.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "tls/certificate.h"
#include "tls/tls_context.h"

#define FILE_NAME "identity.pem"
#define LEAF_AGE_MAX_S (CERTIFICATE_LEAF_HOURS * 3600 / 2)
// While identity.pem cannot be used, connections of strangers do not make the daemon try more often than this.
#define TRIES_MAX 10U
#define TRIES_INTERVAL_NS NS_PER_S
// Certificates are valid a little earlier, for clients whose clock is behind.
#define CLOCK_TOLERANCE_S 300

struct server_certificates {
    struct loop *loop;
    char *directory; // NULL: the identity certificate is kept in memory only
    struct tls_key *identity_key;
    struct tls_context *context;  // NULL before the first engine
    struct certificate *identity; // NULL until it has been read or made
    struct error failure;         // of the last try to do that
    int64_t tries_since_ns;
    unsigned tries;            // since then
    struct certificate *leaf;  // NULL until it has been made
    int64_t leaf_made_s;       // by the wall clock
    int64_t leaf_made_loop_ns; // by the clock of the loop
};

static int64_t now_s(void) {
    return clock_wall_ns() / NS_PER_S;
}

// --- the identity certificate ---

static bool write_identity(const char *path, const struct certificate *identity, struct error *err) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(PRIVATE_FILE_BYTES_MAX);
    AUTO_FREE char *pem = certificate_to_pem(identity);
    buffer_add_string(&text, pem);
    return private_file_write(path, &text, err);
}

// `path`: where it is kept; NULL: nowhere.
static bool make_identity(struct server_certificates *certificates, const char *path, struct error *err) {
    AUTO_CERTIFICATE struct certificate *made = NULL;
    if (!certificate_make_identity(certificates->identity_key, now_s() - CLOCK_TOLERANCE_S, &made, err) ||
        (path != NULL && !write_identity(path, made, err)))
        return false;
    certificates->identity = TAKE(made);
    return true;
}

static bool read_identity(const char *path, struct certificate **identity, struct error *err) {
    AUTO_BUFFER struct buffer content = BUFFER_INIT(PRIVATE_FILE_BYTES_MAX);
    AUTO_ERROR struct error failure = {0};
    bool exists;
    if (!private_file_read_block(path, CERTIFICATE_LABEL, &content, &exists, err))
        return false;
    if (!exists || certificate_from_der(buffer_text(&content), content.length, identity, &failure))
        return true;
    AUTO_FREE char *quoted = text_quoted(path);
    return error_set(err, failure.kind, "%s in %s", error_text(&failure), quoted);
}

static bool load_identity(struct server_certificates *certificates, struct error *err) {
    if (certificates->directory == NULL)
        return make_identity(certificates, NULL, err);
    AUTO_FREE char *path = path_join(certificates->directory, FILE_NAME);
    AUTO_CERTIFICATE struct certificate *read = NULL;
    if (!private_directory_prepare(certificates->directory, err) || !read_identity(path, &read, err))
        return false;
    if (read == NULL || !certificate_has_key(read, certificates->identity_key))
        return make_identity(certificates, path, err);
    certificates->identity = TAKE(read);
    return true;
}

static bool may_try(struct server_certificates *certificates) {
    int64_t now_ns = loop_now_ns(certificates->loop);
    if (now_ns - certificates->tries_since_ns >= TRIES_INTERVAL_NS) {
        certificates->tries_since_ns = now_ns;
        certificates->tries = 0;
    }
    return ++certificates->tries <= TRIES_MAX;
}

static bool try_to_load_identity(struct server_certificates *certificates, struct error *err) {
    if (may_try(certificates)) {
        error_clear(&certificates->failure);
        if (load_identity(certificates, &certificates->failure))
            return true;
    }
    return error_copy(err, &certificates->failure);
}

// --- the leaf ---

// Its age is measured by both clocks: the wall clock may be set, and the other stands still while the machine sleeps.
static bool is_leaf_fresh(const struct server_certificates *certificates) {
    return certificates->leaf != NULL && certificate_is_valid_at(certificates->leaf, now_s()) &&
           now_s() - certificates->leaf_made_s < LEAF_AGE_MAX_S &&
           loop_now_ns(certificates->loop) - certificates->leaf_made_loop_ns < LEAF_AGE_MAX_S * NS_PER_S;
}

static bool use_leaf(struct server_certificates *certificates, const struct tls_key *key, struct error *err) {
    AUTO_CERTIFICATE struct certificate *leaf = NULL;
    int64_t made_s = now_s();
    if (!certificate_make_leaf(key, certificates->identity, certificates->identity_key, made_s - CLOCK_TOLERANCE_S,
                               &leaf, err) ||
        !tls_context_set_chain(certificates->context, key, leaf, certificates->identity, err))
        return false;
    certificate_release(certificates->leaf);
    certificates->leaf = TAKE(leaf);
    certificates->leaf_made_s = made_s;
    certificates->leaf_made_loop_ns = loop_now_ns(certificates->loop);
    return true;
}

static bool refresh_leaf(struct server_certificates *certificates, struct error *err) {
    struct tls_key *key;
    if (is_leaf_fresh(certificates))
        return true;
    if (!tls_key_make(&key, err))
        return false;
    bool is_used = use_leaf(certificates, key, err);
    tls_key_destroy(key); // the context has its own reference
    return is_used;
}

// --- engines ---

bool server_certificates_engine(struct server_certificates *certificates, struct tls_engine **engine,
                                struct error *err) {
    if (certificates->identity == NULL && !try_to_load_identity(certificates, err))
        return error_prefix(err, "cannot load identity certificate: ");
    if (certificates->context == NULL && !tls_context_create_server(&certificates->context, err))
        return false;
    return refresh_leaf(certificates, err) && tls_engine_create(certificates->context, NULL, engine, err);
}

struct server_certificates *server_certificates_create(struct loop *loop, const char *directory, struct tls_key *key) {
    struct server_certificates *certificates = memory_new(sizeof *certificates);
    certificates->loop = loop;
    certificates->directory = directory != NULL ? memory_string(directory) : NULL;
    certificates->identity_key = key;
    return certificates;
}

void server_certificates_destroy(struct server_certificates *certificates) {
    if (certificates == NULL)
        return;
    tls_context_release(certificates->context);
    certificate_release(certificates->leaf);
    certificate_release(certificates->identity);
    error_clear(&certificates->failure);
    tls_key_destroy(certificates->identity_key);
    free(certificates->directory);
    free(certificates);
}

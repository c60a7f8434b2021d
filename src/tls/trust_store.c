// SPDX-License-Identifier: LGPL-3.0-or-later
#include "tls/trust_store_internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "tls/certificate.h"
#include "tls/openssl_internal.h"
#include "tls/pem.h"

#define FILE_BYTES_MAX ((size_t)8 << 20)
#define CERTIFICATES_MAX 4096U
#define SHA256_BYTES 32

static const char *const usual_files[] = {
    "/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch Linux
    "/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, older Red Hat
    "/etc/ssl/ca-bundle.pem",                            // openSUSE
    "/etc/pki/tls/cacert.pem",                           // OpenELEC
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Red Hat
    "/etc/ssl/cert.pem",                                 // Alpine
    NULL,
};
static const char usual_directories[] = "/etc/ssl/certs:/etc/pki/tls/certs";

// What a path was when it was read.
struct stamp {
    char *path;
    bool exists;
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
};

struct trust_store {
    X509_STORE *x509;
    unsigned char (*digests)[SHA256_BYTES]; // of the certificates
    size_t count, capacity;
    struct stamp *stamps;
    size_t stamp_count, stamp_capacity;
};

// --- stamps ---

static struct stamp stamp_of(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0)
        return (struct stamp){.exists = false};
    return (struct stamp){NULL, true, status.st_dev, status.st_ino, status.st_size, status.st_mtim};
}

static bool stamp_equal(const struct stamp *a, const struct stamp *b) {
    return a->exists == b->exists && a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec;
}

static void add_stamp(struct trust_store *store, const char *path) {
    store->stamps = memory_grow(store->stamps, &store->stamp_capacity, store->stamp_count + 1, sizeof *store->stamps);
    struct stamp *stamp = &store->stamps[store->stamp_count++];
    *stamp = stamp_of(path);
    stamp->path = memory_string(path);
}

bool trust_store_is_outdated(const struct trust_store *store) {
    for (size_t i = 0; i < store->stamp_count; i++) {
        struct stamp now = stamp_of(store->stamps[i].path);
        if (!stamp_equal(&now, &store->stamps[i]))
            return true;
    }
    return false;
}

// --- certificates ---

// Whether the certificate is new. Most are found twice, in the bundle and in a directory, and parsing is slow.
static bool add_digest(struct trust_store *store, const struct buffer *der) {
    unsigned char digest[SHA256_BYTES];
    if (EVP_Q_digest(NULL, "SHA256", NULL, buffer_text(der), der->length, digest, NULL) != 1)
        return false;
    for (size_t i = 0; i < store->count; i++) {
        if (memcmp(store->digests[i], digest, sizeof digest) == 0)
            return false;
    }
    store->digests = memory_grow(store->digests, &store->capacity, store->count + 1, sizeof *store->digests);
    memcpy(store->digests[store->count++], digest, sizeof digest);
    return true;
}

static void add_certificate(struct trust_store *store, const struct buffer *der) {
    if (store->count >= CERTIFICATES_MAX || !add_digest(store, der))
        return;
    const unsigned char *at = (const unsigned char *)buffer_text(der), *end = at + der->length;
    X509 *x509 = d2i_X509(NULL, &at, (long)der->length);
    if (x509 == NULL || at != end || X509_STORE_add_cert(store->x509, x509) != 1)
        store->count--;
    X509_free(x509);
}

static void add_text(struct trust_store *store, const struct buffer *text) {
    AUTO_BUFFER struct buffer der = BUFFER_INIT(FILE_BYTES_MAX);
    const char *at = buffer_text(text);
    size_t length = text->length;
    struct pem_block block;
    while (pem_find(at, length, &block, &der)) {
        if (pem_has_label(&block, CERTIFICATE_LABEL))
            add_certificate(store, &der);
        at = block.rest;
        length = block.rest_length;
    }
}

// --- files and directories ---

// Keeps the first error that is not of a missing file. Returns false.
static bool note_error(struct error *err, struct error *failure) {
    if (failure->errnum != ENOENT && !error_is_set(err))
        (void)error_copy(err, failure);
    return false;
}

static bool add_file(struct trust_store *store, const char *path, struct error *err) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(FILE_BYTES_MAX);
    AUTO_ERROR struct error failure = {0};
    add_stamp(store, path);
    if (!file_read(path, &text, &failure))
        return note_error(err, &failure);
    add_text(store, &text);
    return true;
}

static void add_files(struct trust_store *store, const char *file, struct error *err) {
    if (!text_is_empty(file)) {
        (void)add_file(store, file, err);
        return;
    }
    for (const char *const *usual = usual_files; *usual != NULL && !add_file(store, *usual, err); usual++)
        ;
}

// Whether the entry is a symbolic link to another entry of its directory: a second name, made from a hash.
static bool is_alias(const char *path) {
    char target[256];
    ssize_t length = readlink(path, target, sizeof target);
    return length > 0 && (size_t)length < sizeof target && memchr(target, '/', (size_t)length) == NULL;
}

static void add_directory(struct trust_store *store, const char *directory, struct error *err) {
    AUTO_TEXT_LIST struct text_list names = {0};
    AUTO_ERROR struct error failure = {0};
    add_stamp(store, directory);
    if (!directory_list(directory, &names, &failure)) {
        (void)note_error(err, &failure);
        return;
    }
    for (size_t i = 0; i < names.count && store->stamp_count < CERTIFICATES_MAX; i++) {
        AUTO_FREE char *path = path_join(directory, names.items[i]);
        if (!is_alias(path) && !directory_exists(path))
            (void)add_file(store, path, NULL);
    }
}

static void add_directories(struct trust_store *store, const char *directories, struct error *err) {
    const char *at = text_is_empty(directories) ? usual_directories : directories;
    do {
        size_t length = strcspn(at, ":");
        AUTO_FREE char *directory = memory_string_n(at, length);
        if (length > 0)
            add_directory(store, directory, err);
        at += length + (at[length] == ':');
    } while (*at != '\0');
}

bool trust_store_load(const char *file, const char *directories, struct trust_store **store, struct error *err) {
    openssl_start();
    struct trust_store *made = memory_new(sizeof *made);
    AUTO_ERROR struct error failure = {0};
    made->x509 = X509_STORE_new();
    if (made->x509 == NULL) {
        trust_store_destroy(made);
        return openssl_fail(err, "cannot load certificates");
    }
    add_files(made, file, &failure);
    add_directories(made, directories, &failure);
    ERR_clear_error(); // of certificates that were skipped
    if (made->count == 0 && error_is_set(&failure)) {
        trust_store_destroy(made);
        return error_move(err, &failure);
    }
    *store = made;
    return true;
}

void trust_store_destroy(struct trust_store *store) {
    if (store == NULL)
        return;
    for (size_t i = 0; i < store->stamp_count; i++)
        free(store->stamps[i].path);
    free(store->stamps);
    free(store->digests);
    X509_STORE_free(store->x509);
    free(store);
}

size_t trust_store_count(const struct trust_store *store) {
    return store->count;
}

X509_STORE *trust_store_x509(const struct trust_store *store) {
    return store->x509;
}

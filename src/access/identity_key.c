// SPDX-License-Identifier: GPL-3.0-or-later
#include "access/identity_key.h"

#include "access/private_file_internal.h"
#include "base/file.h"
#include "base/memory.h"
#include "tls/pem.h"

#define FILE_NAME "key.pem"

static bool write_key(const char *path, const struct tls_key *key, struct error *err) {
    AUTO_SECRET struct buffer text = BUFFER_INIT(PRIVATE_FILE_BYTES_MAX);
    return tls_key_add_pem(key, &text, err) && private_file_write(path, &text, err);
}

static bool make_key(const char *path, struct tls_key **key, struct error *err) {
    struct tls_key *made;
    if (!tls_key_make(&made, err))
        return false;
    if (!write_key(path, made, err)) {
        tls_key_destroy(made);
        return false;
    }
    *key = made;
    return true;
}

bool identity_key_load(const char *directory, struct tls_key **key, struct error *err) {
    AUTO_FREE char *path = path_join(directory, FILE_NAME);
    AUTO_SECRET struct buffer content = BUFFER_INIT(PRIVATE_FILE_BYTES_MAX);
    bool exists;
    if (!private_directory_prepare(directory, err) ||
        !private_file_read_block(path, TLS_KEY_LABEL, &content, &exists, err))
        return false;
    if (!exists)
        return make_key(path, key, err);
    return tls_key_read_ed25519(buffer_text(&content), content.length, key, err);
}

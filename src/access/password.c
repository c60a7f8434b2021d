// SPDX-License-Identifier: GPL-3.0-or-later
#include "access/password.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define SHA512_PREFIX "$6$"
#define ROUNDS_PREFIX SHA512_PREFIX "rounds="

static bool has_few_rounds(const char *hash) {
    if (!text_has_prefix(hash, ROUNDS_PREFIX))
        return true;
    const char *number = hash + strlen(ROUNDS_PREFIX);
    size_t length = strspn(number, "0123456789");
    AUTO_FREE char *digits = memory_string_n(number, length);
    int64_t rounds;
    return length == 0 || text_to_int64(digits, 0, PASSWORD_ROUNDS_MAX, &rounds);
}

bool password_check_hash(const char *hash, struct error *err) {
    return has_few_rounds(hash) ||
           error_set(err, ERROR_BAD_REQUEST, "cannot have a password (hashed) with more than %ld rounds",
                     PASSWORD_ROUNDS_MAX);
}

bool password_is_hash(const char *hash) {
    return text_has_prefix(hash, SHA512_PREFIX);
}

// Takes the same time for all texts of one length.
static bool is_same(const char *a, const char *b) {
    size_t length = strlen(a);
    if (strlen(b) != length)
        return false;
    unsigned different = 0;
    for (size_t i = 0; i < length; i++)
        different |= (unsigned char)(a[i] ^ b[i]);
    return different == 0;
}

bool password_matches(const char *hash, const char *password) {
    // A stored hash may have been added by other rules.
    if (!password_is_hash(hash) || !has_few_rounds(hash) || strlen(password) > PASSWORD_BYTES_MAX)
        return false;
    struct crypt_data *work = memory_new(sizeof *work);
    const char *computed = crypt_rn(password, hash, work, sizeof *work);
    bool matches = computed != NULL && is_same(computed, hash);
    explicit_bzero(work, sizeof *work);
    free(work);
    return matches;
}

void password_free(char *password) {
    if (password == NULL)
        return;
    explicit_bzero(password, strlen(password));
    free(password);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Passwords and their hashes: SHA-512 crypt only (crypt(5), `openssl passwd -6`), as in the reference.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>

#define PASSWORD_ROUNDS_MAX 1000000L // about half a second; without `rounds=` there are 5000
#define PASSWORD_BYTES_MAX ((size_t)511)

// Refuses a hash that would take too long to compute: ERROR_BAD_REQUEST. Any other text is accepted, also one that no
// password matches.
bool password_check_hash(const char *hash, struct error *err) NODISCARD;
// Whether the text begins as a hash that passwords are compared with. Others are accepted, but match nothing.
bool password_is_hash(const char *hash);
// Whether the password has this hash. Takes milliseconds, up to half a second: for worker threads. Does not depend on
// how much of the hash is right.
bool password_matches(const char *hash, const char *password);
// Wipes and frees a password. NULL is fine.
void password_free(char *password);

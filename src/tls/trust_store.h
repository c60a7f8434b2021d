// SPDX-License-Identifier: LGPL-3.0-or-later
// The certificates of the authorities that the system trusts, found as Go's crypto/x509 finds them on Linux: the first
// readable bundle of a list, and all files in a list of directories.
#pragma once

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct trust_store;

// Reads the files; blocks, about 0.1 s: for a worker. `file` and `directories` (separated by ":") are the values of
// SSL_CERT_FILE and SSL_CERT_DIR; NULL or "" if unset, which means the usual places. Files that cannot be read and
// certificates that cannot be parsed are skipped. A store may be empty. It fails if nothing was found and the cause was
// another than missing files: `open PATH: permission denied`.
bool trust_store_load(const char *file, const char *directories, struct trust_store **store,
                      struct error *err) NODISCARD;
// NULL is allowed. TLS contexts keep what they need.
void trust_store_destroy(struct trust_store *store);
size_t trust_store_count(const struct trust_store *store);
// Whether a file or directory that was read or looked for has appeared, changed or gone since. Calls stat(2) for each,
// which may block.
bool trust_store_is_outdated(const struct trust_store *store);

// SPDX-License-Identifier: GPL-3.0-or-later
// The certificates with which the daemon identifies itself over HTTPS: the identity certificate, kept in the file
// identity.pem, and a leaf for an hour, which is kept in memory only. Page: docs/internals/access.md.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "loop/loop.h"
#include "tls/tls_engine.h"
#include "tls/tls_key.h"

#include <stdbool.h>

struct server_certificates;

// Takes ownership of the identity key. `directory`: where the identity certificate is kept; NULL: in memory, until the
// daemon ends. Nothing is made or read before the first engine. The loop must outlive it.
struct server_certificates *server_certificates_create(struct loop *loop, const char *directory, struct tls_key *key)
    __attribute__((returns_nonnull));
// Engines that exist keep what they need. NULL is allowed.
void server_certificates_destroy(struct server_certificates *certificates);

// Makes the engine of a new connection; owned. The first call reads identity.pem in the directory, and makes what is
// missing: the directory with mode 0700, the file with mode 0600, also if its certificate is of another key. This
// blocks as long as the file system does, once. A leaf is replaced before it is half an hour old, or outside its
// validity. Fails as long as directory or file cannot be used: `cannot load identity certificate: …`.
bool server_certificates_engine(struct server_certificates *certificates, struct tls_engine **engine,
                                struct error *err) NODISCARD;

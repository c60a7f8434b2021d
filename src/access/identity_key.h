// SPDX-License-Identifier: GPL-3.0-or-later
// The key that identifies this daemon to clients of HTTPS. Page: docs/internals/access.md.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "tls/tls_key.h"

#include <stdbool.h>

// Reads key.pem in the directory, an Ed25519 key in PKCS#8; owned. Makes what is missing: the directory with mode 0700,
// the file with mode 0600. Blocks. Errors, with the messages of the reference: other modes
// (`expected permission 0o600 (got 0o640) for "PATH"`), another content (`missing 'PRIVATE KEY' block in "PATH"`,
// `unexpected bytes after 'PRIVATE KEY' block in "PATH"`, those of tls_key_read_ed25519()), a link or a file that is
// not regular, and those of the system.
bool identity_key_load(const char *directory, struct tls_key **key, struct error *err) NODISCARD;

// SPDX-License-Identifier: GPL-3.0-or-later
// Private to access/: which certificates clients may use.
#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "tls/certificate.h"

#include <stdbool.h>

// Whether the certificate is valid now and may be used by clients. ERROR_BAD_REQUEST with the messages of Go's
// crypto/x509: `x509: certificate has expired or is not yet valid: …`,
// `x509: certificate specifies an incompatible key usage`.
bool client_certificate_check(const struct certificate *certificate, struct error *err) NODISCARD;

// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to tls/: certificates as objects of OpenSSL.
#pragma once

#include "tls/certificate.h"

#include <openssl/types.h>

// Takes ownership of the X509, also on failure. Errors as of certificate_from_der().
bool certificate_wrap(X509 *x509, struct certificate **certificate, struct error *err) NODISCARD;
X509 *certificate_x509(const struct certificate *certificate); // borrowed
// Seconds since 1970-01-01 UTC; false if the time is malformed.
bool certificate_time(const ASN1_TIME *time, int64_t *seconds) NODISCARD;
// certificate_check_validity() of a certificate that is valid from one time to the other.
bool certificate_check_times(int64_t from_s, int64_t to_s, int64_t now_s, struct error *err) NODISCARD;
// SHA-256 in lower-case hexadecimal digits.
void certificate_x509_sha256(const X509 *x509, char out[CERTIFICATE_SHA256_SIZE]);

// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to tls/: a trust store as an object of OpenSSL.
#pragma once

#include "tls/trust_store.h"

#include <openssl/types.h>

X509_STORE *trust_store_x509(const struct trust_store *store); // borrowed

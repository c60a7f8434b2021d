// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to tls/: OpenSSL's start, and its errors.
#pragma once

#include "base/error.h"

// Initialises OpenSSL at the first call. Every function of this module that may be the first to use OpenSSL calls it.
// No configuration file is read, nothing is registered for the program's exit, and no tables of error messages are
// built.
void openssl_start(void);
// Sets ERROR_INTERNAL with `WHAT: REASON` for the oldest error in OpenSSL's queue, and empties the queue. Returns
// false.
bool openssl_fail(struct error *err, const char *what);
// The reason of an error in OpenSSL's words; a constant string.
const char *openssl_reason(unsigned long code);

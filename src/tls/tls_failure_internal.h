// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to tls/: messages of failed connections.
#pragma once

#include "base/error.h"

#include <stdbool.h>

// Sets ERROR_CONNECTION with the message of Go's crypto/tls for an error of OpenSSL's queue, as far as there is one:
// `remote error: tls: bad certificate`, else `tls: REASON`. Returns false.
bool tls_failure_set(struct error *err, unsigned long code, bool is_server);

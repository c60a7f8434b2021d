// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to tls/: messages of failed connections.
#pragma once

#include "base/error.h"

#include <stdbool.h>

// Sets ERROR_CONNECTION with the message of Go's crypto/tls for an error of OpenSSL's queue, as far as there is one:
// `remote error: tls: bad certificate`, else `tls: REASON`. Returns false.
bool tls_failure_set(struct error *err, unsigned long code, bool is_server);

// How many bytes show that a peer speaks HTTP in place of TLS.
#define TLS_FIRST_BYTES 5
// What a server sends to such a client, as Go's net/http.
#define TLS_FAILURE_HTTP_RESPONSE "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
// Sets ERROR_CONNECTION with the message of Go's net/http if these first bytes of the peer are HTTP. Returns whether
// they are.
bool tls_failure_set_http(struct error *err, const char first[TLS_FIRST_BYTES], bool is_server);

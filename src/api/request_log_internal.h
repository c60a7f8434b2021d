// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: the request log. Polling requests are not logged.
#pragma once

#include "http/http_server.h"

// Whether it is `OPTIONS *` (RFC 9110 section 9.3.7), which is for no path of the API and not logged.
bool request_is_about_server(const struct http_exchange *exchange);
void request_log(const struct http_exchange *exchange, int status, int64_t duration_ns);

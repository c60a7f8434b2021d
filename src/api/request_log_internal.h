// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: the request log, a line for each request but those that monitors repeat.
#pragma once

#include "http/http_server.h"

void request_log(const struct http_exchange *exchange, int status, int64_t duration_ns);

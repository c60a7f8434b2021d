// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: the request log, a line for each request but those that monitors repeat.
#pragma once

#include "http/server.h"

void request_log(const struct http_request *request, int status, int64_t duration_ns);

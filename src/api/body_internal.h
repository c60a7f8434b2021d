// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: reading the bodies of requests.
#pragma once

#include "api/call_internal.h"

#define BODY_LIMIT_BYTES ((size_t)33554432) // of a JSON request

typedef void (*api_json_fn)(struct api_call *call, const json_t *body);

// Reads the JSON body and passes it on, in a later turn of the loop or at once. A body that is not JSON is responded
// to with `decode_error` and the reason.
void api_read_json(struct api_call *call, const char *decode_error, api_json_fn on_json);

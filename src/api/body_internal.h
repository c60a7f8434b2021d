// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: reading the bodies of requests.
#pragma once

#include "api/call_internal.h"

#define BODY_LIMIT_BYTES ((size_t)33554432) // of a JSON request
#define BODY_VALUES_MAX ((size_t)400000)    // in it
#define BODY_AT_ONCE_BYTES ((size_t)262144) // larger ones are parsed in a worker
#define BODY_PARSERS 2                      // workers
#define BODY_PARSERS_QUEUE 16               // bodies that wait for one

typedef void (*api_json_fn)(struct api_call *call, const json_t *body);

// Reads the JSON body and calls the function with it, at once or in a later turn of the loop. If the body is not JSON,
// responds with `decode_error` and the reason.
void api_read_json(struct api_call *call, const char *decode_error, api_json_fn on_json);
// The same with a smaller limit, for clients that may be strangers. `decode_error` NULL: a body that is not JSON, or
// that cannot be read, is NULL.
#define BODY_SMALL_LIMIT_BYTES ((size_t)65536)
void api_read_small_json(struct api_call *call, const char *decode_error, api_json_fn on_json);
// Reads a member of the body that is a list of names of services or checks, at most API_NAMES_MAX.
bool api_read_names(const json_t *body, const char *name, struct text_list *names, struct error *err) NODISCARD;

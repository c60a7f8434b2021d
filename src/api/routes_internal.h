// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: the route table.
#pragma once

#include "base/error.h"
#include "http/router.h"

#include <stdbool.h>

struct api_call;
typedef void (*api_handler_fn)(struct api_call *call);

// The access that an endpoint requires; see docs/internals/access.md.
enum route_access {
    FOR_ALL,     // also over TCP, without credentials
    FOR_READERS, // access "read" or "admin"
    FOR_ADMINS,
    FOR_METRICS, // access "metrics", "read" or "admin"
    FOR_PAIRING, // admins, who may open the pairing window; while it is open, every client over HTTPS
};

struct route {
    const char *pattern;
    enum route_access read_access;
    enum route_access write_access;
    api_handler_fn get;
    api_handler_fn post;
};

// Returns NULL if there is no such path. Sets `match` to the parameters of the path.
const struct route *route_find(const char *path, struct route_match *match);
// Returns the handler of a method and the access it requires. NULL if the path does not support the method.
api_handler_fn route_handler(const struct route *route, const char *method, enum route_access *access);

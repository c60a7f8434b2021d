// SPDX-License-Identifier: GPL-3.0-or-later
// Private to api/: the route table.
#pragma once

#include "base/error.h"
#include "http/router.h"

#include <stdbool.h>

struct api_call;
typedef void (*api_handler_fn)(struct api_call *call);

// Who may use an endpoint; docs/http.md has the levels.
enum route_access {
    FOR_ALL,     // also over TCP, without credentials
    FOR_READERS, // access "read" or "admin"
    FOR_ADMINS,
    FOR_METRICS, // access "metrics", "read" or "admin"
    FOR_PAIRING, // only while the pairing window is open
};

struct route {
    const char *pattern;
    enum route_access read_access;
    enum route_access write_access;
    api_handler_fn get;
    api_handler_fn post;
};

// NULL if there is no such path; `match` gets its parameters.
const struct route *route_find(const char *path, struct route_match *match);
// The handler of a method, and who may use it. NULL: the path does not take the method.
api_handler_fn route_handler(const struct route *route, const char *method, enum route_access *access);

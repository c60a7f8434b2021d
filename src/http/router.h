// SPDX-License-Identifier: GPL-3.0-or-later
// Matching of paths. Checks are made in this order: clean path (301), unknown path (404), method (405). The caller
// checks access and body.
#pragma once

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

#define ROUTE_PARAMETERS 2
#define ROUTE_PARAMETER_BYTES 256

struct http_exchange;

struct route_match {
    size_t count;
    char values[ROUTE_PARAMETERS][ROUTE_PARAMETER_BYTES]; // of the {…} segments, in order
};

// Whether `path` matches `pattern`, segment by segment. A segment in braces ("/v1/changes/{id}") matches any text
// without a slash of at most ROUTE_PARAMETER_BYTES - 1 bytes.
bool route_fits(const char *pattern, const char *path, struct route_match *match);

// If the path of the request is not clean, redirects to the clean path with status 301 and returns true.
bool route_redirect(struct http_exchange *exchange);

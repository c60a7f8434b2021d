// SPDX-License-Identifier: GPL-3.0-or-later
// Which handler a path leads to. Order of refusals: path cleaning (301), unknown path
// (404), method (405); access and body are the caller's.
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

// Whether `path` fits `pattern`: equal segment by segment, where a segment in braces ("/v1/changes/{id}")
// takes any text without a slash. A segment longer than ROUTE_PARAMETER_BYTES - 1 does not fit.
bool route_fits(const char *pattern, const char *path, struct route_match *match);

// If the request's path is not in its clean form: answers 301 with the clean one and returns true.
bool route_redirect(struct http_exchange *exchange);

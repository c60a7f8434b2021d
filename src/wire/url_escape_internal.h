// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to wire/: percent escapes.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Returns the byte of the escape "%XX" at `text`, -1 if there is no complete escape.
int url_escaped_byte(const char *text, size_t length);
// Returns the first '%' that does not begin an escape; NULL if there is none.
const char *url_find_bad_escape(const char *text, size_t length);
bool url_is_alphanumeric(char c); // ASCII only
bool url_is_unreserved(char c);   // RFC 3986 section 2.3

// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to the URL files of wire/: the escapes themselves.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// The byte that "%XX" at `text` stands for (0 to 255), -1 where there is no whole escape.
int url_escaped_byte(const char *text, size_t length);
// The first '%' that begins no escape; NULL when all are sound.
const char *url_find_bad_escape(const char *text, size_t length);
bool url_is_alphanumeric(char c); // ASCII only
bool url_is_unreserved(char c);   // RFC 3986 section 2.3

// SPDX-License-Identifier: LGPL-3.0-or-later
// Base64 with padding (RFC 4648 section 4).
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

void base64_encode(struct buffer *out, const void *data, size_t length);
// Skips carriage returns and line feeds. False if malformed; `out` then has the bytes decoded so far.
bool base64_decode(struct buffer *out, const char *text, size_t length) NODISCARD;

// SPDX-License-Identifier: LGPL-3.0-or-later
// Values of Content-Type and Content-Disposition: a word and parameters (RFC 2045 section 5.1, RFC 6266).
#pragma once

#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>

#define MEDIA_TYPE_PARAMETERS_MAX ((size_t)64) // each is compared with those before it

struct media_type {
    char *type;                     // in lower case: "multipart/form-data"
    struct text_list names, values; // of the parameters; names in lower case
};
// `media_type` is overwritten; to be finished also after a failure. False if the value is malformed, a parameter is
// there twice, or there are too many. In a quoted value a backslash escapes only characters that need it, so that
// paths of Windows are kept. NAME*=UTF-8''VALUE (RFC 5987) is decoded, and known as NAME.
bool media_type_parse(const char *value, struct media_type *media_type) NODISCARD;
void media_type_finish(struct media_type *media_type);
#define AUTO_MEDIA_TYPE CLEANUP(media_type_finish)
const char *media_type_get(const struct media_type *media_type, const char *name); // NULL if absent

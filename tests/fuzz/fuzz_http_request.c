// SPDX-License-Identifier: GPL-3.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http_transcript.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *bytes = (const char *)data;
    AUTO_BUFFER struct buffer whole = BUFFER_INIT(BUFFER_NO_LIMIT);
    http_transcript(HTTP_READ_REQUEST, bytes, size, (struct http_cut){.size = SIZE_MAX}, &whole);
    const struct http_cut cuts[] = {{.size = 1}, {.seed = 1 + (uint32_t)size}};
    for (size_t i = 0; i < ARRAY_COUNT(cuts); i++) {
        AUTO_BUFFER struct buffer cut = BUFFER_INIT(BUFFER_NO_LIMIT);
        http_transcript(HTTP_READ_REQUEST, bytes, size, cuts[i], &cut);
        if (cut.length != whole.length || memcmp(buffer_text(&cut), buffer_text(&whole), cut.length) != 0)
            abort();
    }
    return 0;
}

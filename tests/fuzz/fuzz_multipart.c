// SPDX-License-Identifier: GPL-3.0-or-later
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "multipart_transcript.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The same comes out however the bytes are cut.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    AUTO_BUFFER struct buffer whole = BUFFER_INIT(BUFFER_NO_LIMIT);
    multipart_transcript("b", (const char *)data, size, SIZE_MAX, &whole);
    for (size_t cut = 1; cut <= 4; cut += 3) {
        AUTO_BUFFER struct buffer pieces = BUFFER_INIT(BUFFER_NO_LIMIT);
        multipart_transcript("b", (const char *)data, size, cut, &pieces);
        if (pieces.length != whole.length || memcmp(buffer_text(&pieces), buffer_text(&whole), whole.length) != 0)
            abort();
    }
    return 0;
}

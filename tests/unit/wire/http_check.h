// SPDX-License-Identifier: GPL-3.0-or-later
// Reads some bytes in one piece and in many, and compares the transcript of each time.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "../../fuzz/http_transcript.h"

static inline void check_bytes(enum http_reader_kind kind, const char *bytes, size_t length, const char *expected) {
    static const struct http_cut cuts[] = {{.size = SIZE_MAX}, {.size = 1}, {.size = 2},
                                           {.size = 7},        {.seed = 1}, {.seed = 99}};
    for (size_t i = 0; i < ARRAY_COUNT(cuts); i++) {
        AUTO_BUFFER struct buffer transcript = BUFFER_INIT(BUFFER_NO_LIMIT);
        http_transcript(kind, bytes, length, cuts[i], &transcript);
        assert_string_equal(buffer_text(&transcript), expected);
    }
}

static inline void check_request(const char *text, const char *expected) {
    check_bytes(HTTP_READ_REQUEST, text, strlen(text), expected);
}

static inline void check_response(const char *text, const char *expected) {
    check_bytes(HTTP_READ_RESPONSE, text, strlen(text), expected);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Reads a multipart body in pieces and writes down what comes out. Used by the unit tests and the fuzz target.
#pragma once

#include <string.h>

#include "base/memory.h"
#include "wire/multipart.h"

// Parts as "[NAME|FILENAME]CONTENT.", "END" after the last one, or the reason of a failure. Each piece has its own
// memory, so that reading beyond it is found.
static inline void multipart_transcript(const char *boundary, const char *bytes, size_t size, size_t cut,
                                        struct buffer *out) {
    struct multipart_reader reader;
    multipart_reader_init(&reader, boundary);
    enum multipart_event event = MULTIPART_NEED_MORE;
    while (size > 0 && event == MULTIPART_NEED_MORE) {
        size_t length = size < cut ? size : cut;
        AUTO_FREE char *copy = memory_copy(bytes, length);
        const char *input = copy, *data;
        size_t left = length, data_length;
        while ((event = multipart_reader_next(&reader, &input, &left, &data, &data_length)) != MULTIPART_NEED_MORE &&
               event != MULTIPART_END && event != MULTIPART_FAILED) {
            if (event == MULTIPART_PART)
                buffer_printf(out, "[%s|%s]", reader.name, reader.filename);
            else if (event == MULTIPART_DATA)
                buffer_add(out, data, data_length);
            else
                buffer_add_char(out, '.');
        }
        bytes += length;
        size -= length;
    }
    const char *reason = event == MULTIPART_FAILED ? multipart_reader_reason(&reader) : multipart_reader_end(&reader);
    buffer_add_string(out, reason != NULL ? reason : "END");
    multipart_reader_finish(&reader);
}

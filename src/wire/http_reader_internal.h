// SPDX-License-Identifier: LGPL-3.0-or-later
// Private to the HTTP files of wire/: how the parts of the reader work together.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "wire/http_message.h"

// BETWEEN -> HEAD -> one of the bodies -> COMPLETE -> BETWEEN; FAILED from anywhere, for good.
enum http_reader_state {
    HTTP_BETWEEN, // no byte of the next message was seen
    HTTP_IN_HEAD,
    HTTP_IN_LENGTH,     // a body of `remaining` more bytes
    HTTP_IN_REST,       // a body until the peer closes
    HTTP_IN_CHUNK_LINE, // size and extensions
    HTTP_IN_CHUNK,      // `remaining` more bytes of data
    HTTP_IN_CHUNK_END,  // the line end behind the data
    HTTP_IN_TRAILER,    // after the last chunk
    HTTP_COMPLETE,      // HTTP_END is due
    HTTP_REFUSED,
};

// Input that was not taken yet.
struct http_input {
    const char *at;
    size_t left;
};

// Always false. `reason` is a constant string.
bool http_reader_fail(struct http_reader *reader, int status, const char *reason);

// --- http_head.c ---

bool http_char_is_token(char c); // RFC 9110 section 5.6.2
bool http_char_is_text(char c);  // may stand in a header's value
// Whether the first line of head_bytes, which is complete, can begin a message; fails the reader if not.
bool http_head_check_start(struct http_reader *reader) NODISCARD;
// Parses the complete head in head_bytes, in place, into reader->head; fails the reader if it is no good.
bool http_head_parse(struct http_reader *reader) NODISCARD;

// --- http_chunk.c ---

void http_chunk_begin(struct http_reader *reader); // a chunk line is next
// These take bytes up to the end of what they read and move the state on there. False: no more input, or failed.
bool http_chunk_read_line(struct http_reader *reader, struct http_input *input) NODISCARD;
bool http_chunk_read_trailer(struct http_reader *reader, struct http_input *input) NODISCARD;
bool http_chunk_read_end(struct http_reader *reader, struct http_input *input) NODISCARD;

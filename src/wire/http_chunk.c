// SPDX-License-Identifier: LGPL-3.0-or-later
// The chunked coding (RFC 9112 section 7.1), all but the data. Lines end with CR LF only: a lenient reader
// here is what request smuggling is made of. Extensions and trailers are checked and dropped.
// Declared in wire/http_reader_internal.h.
#include "wire/http_reader_internal.h"

#define SIZE_DIGITS_MAX 16

enum phase {
    PHASE_FAILED = -1,
    PHASE_START, // of a chunk line: the size; of a trailer section: a line
    PHASE_SPACE, // after the size
    PHASE_EXTENSION,
    PHASE_NAME, // of a trailer
    PHASE_VALUE,
    PHASE_CR,      // at the end of a line
    PHASE_LAST_CR, // at the end of the trailers
    PHASE_DONE,
};

static enum phase chunk_fail(struct http_reader *reader, const char *reason) {
    http_reader_fail(reader, 400, reason);
    return PHASE_FAILED;
}

static enum phase size_next(struct http_reader *reader, char c) {
    int value = reader->phase == PHASE_START ? text_hex_digit(c) : -1;
    if (value < 0)
        return chunk_fail(reader, "invalid byte in chunk length");
    if (reader->chunk_digits == SIZE_DIGITS_MAX)
        return chunk_fail(reader, "http chunk length too large");
    reader->remaining = reader->remaining << 4 | (unsigned)value;
    reader->chunk_digits++;
    return PHASE_START;
}

static enum phase chunk_line_next(struct http_reader *reader, char c) {
    if (reader->phase == PHASE_CR)
        return c == '\n' ? PHASE_DONE : chunk_fail(reader, "invalid CR in chunked line");
    if (c == '\n')
        return chunk_fail(reader, "chunked line ends with bare LF");
    if (reader->phase == PHASE_EXTENSION && c != '\r')
        return http_char_is_text(c) ? PHASE_EXTENSION : chunk_fail(reader, "invalid byte in chunk extension");
    if ((c == '\r' || c == ';') && reader->chunk_digits == 0)
        return chunk_fail(reader, "empty hex number for chunk length");
    if (c == '\r')
        return PHASE_CR;
    if (c == ';')
        return PHASE_EXTENSION;
    if ((c == ' ' || c == '\t') && reader->chunk_digits > 0)
        return PHASE_SPACE;
    return size_next(reader, c);
}

static enum phase trailer_next(struct http_reader *reader, char c) {
    static const char malformed[] = "malformed trailer";
    switch ((enum phase)reader->phase) {
    case PHASE_START:
        if (c == '\r')
            return PHASE_LAST_CR;
        return http_char_is_token(c) ? PHASE_NAME : chunk_fail(reader, malformed);
    case PHASE_NAME:
        if (c == ':')
            return PHASE_VALUE;
        return http_char_is_token(c) ? PHASE_NAME : chunk_fail(reader, malformed);
    case PHASE_VALUE:
        if (c == '\r')
            return PHASE_CR;
        return http_char_is_text(c) ? PHASE_VALUE : chunk_fail(reader, malformed);
    case PHASE_CR:
        return c == '\n' ? PHASE_START : chunk_fail(reader, malformed);
    default:
        return c == '\n' ? PHASE_DONE : chunk_fail(reader, malformed);
    }
}

void http_chunk_begin(struct http_reader *reader) {
    reader->state = HTTP_IN_CHUNK_LINE;
    reader->phase = PHASE_START;
    reader->remaining = 0;
    reader->chunk_digits = 0;
    reader->line_length = 0;
}

bool http_chunk_read_line(struct http_reader *reader, struct http_input *input) {
    while (input->left > 0) {
        reader->phase = (signed char)chunk_line_next(reader, *input->at);
        input->at++;
        input->left--;
        if (reader->phase == PHASE_FAILED)
            return false;
        if (reader->phase == PHASE_DONE) {
            bool is_last = reader->remaining == 0;
            reader->state = is_last ? HTTP_IN_TRAILER : HTTP_IN_CHUNK;
            reader->phase = PHASE_START;
            reader->line_length = 0;
            return true;
        }
        if (++reader->line_length >= HTTP_CHUNK_LINE_LIMIT_BYTES)
            return http_reader_fail(reader, 400, "header line too long");
    }
    return false;
}

bool http_chunk_read_trailer(struct http_reader *reader, struct http_input *input) {
    while (input->left > 0) {
        reader->phase = (signed char)trailer_next(reader, *input->at);
        input->at++;
        input->left--;
        if (reader->phase == PHASE_FAILED)
            return false;
        if (reader->phase == PHASE_DONE) {
            reader->state = HTTP_COMPLETE;
            return true;
        }
        if (++reader->line_length >= HTTP_TRAILER_LIMIT_BYTES)
            return http_reader_fail(reader, 400, "trailer too long");
    }
    return false;
}

bool http_chunk_read_end(struct http_reader *reader, struct http_input *input) {
    while (input->left > 0) {
        char expected = reader->phase == PHASE_START ? '\r' : '\n';
        if (*input->at != expected)
            return http_reader_fail(reader, 400, "malformed chunked encoding");
        input->at++;
        input->left--;
        reader->phase = PHASE_CR;
        if (expected == '\n') {
            http_chunk_begin(reader);
            return true;
        }
    }
    return false;
}

// SPDX-License-Identifier: LGPL-3.0-or-later
// HTTP/1.1 messages (RFC 9112) for both directions: bytes in, events out, no I/O. One reader serves the
// server (requests), the outgoing client and libpebble (responses).
#pragma once

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_LIMIT_BYTES ((size_t)1048576 + 4096) // request line and headers: 431 beyond
#define HTTP_HEADERS_MAX ((size_t)10000)               // 431 beyond
#define HTTP_TRAILER_LIMIT_BYTES ((size_t)65536)
#define HTTP_CHUNK_LINE_LIMIT_BYTES ((size_t)4096)

struct http_header {
    const char *name;  // as written; compare without regard to case
    const char *value; // trimmed
    size_t value_length;
};

struct http_head {
    // request
    const char *method;
    const char *target;
    size_t target_length;
    // response
    int status;
    const char *reason;
    // both
    int minor_version; // 0 or 1
    struct http_header *headers;
    size_t header_count;
    // worked out
    bool is_keep_alive;       // what the message itself says of the connection
    bool has_expect_continue; // a request with Expect: 100-continue (and HTTP/1.1)
    bool has_body;            // a body follows (of a response: as far as its own headers tell)
    bool is_chunked;
    bool has_length;
    uint64_t length;    // Content-Length
    bool wants_upgrade; // Connection: upgrade
};
// The first header of that name (any case), NULL when absent.
const char *http_head_get(const struct http_head *head, const char *name);
// Whether a comma-separated header holds the token (any case).
bool http_head_has_token(const struct http_head *head, const char *name, const char *token);

enum http_reader_kind { HTTP_READ_REQUEST, HTTP_READ_RESPONSE };
enum http_event {
    HTTP_NEED_MORE, // everything was taken; more bytes are wanted
    HTTP_HEAD,      // the head is complete: http_reader_head() is valid until HTTP_END or HTTP_FAILED
    HTTP_BODY,      // a piece of the body: `data`, `length` point into the input
    HTTP_END,       // the message is complete; the next byte begins the next one (pipelining)
    HTTP_FAILED,    // refused: http_reader_status() and _reason() say why; nothing more can be read
};

struct http_reader {
    enum http_reader_kind kind;
    size_t head_limit_bytes;
    // private
    struct buffer head_bytes; // the head of the message that is being read; freed at its end
    struct http_head head;    // points into head_bytes; its headers are owned
    uint64_t remaining;       // of the body or chunk
    size_t line_count;        // of the head so far
    size_t line_length;       // of the chunk line or trailers so far
    const char *reason;
    int status;
    int state;
    signed char phase; // within a line of the head, a chunk line or the trailers
    signed char chunk_digits;
    signed char blanks_left; // stray line ends that may still come before the next request
    bool has_checked_start;
};
void http_reader_init(struct http_reader *reader, enum http_reader_kind kind);
void http_reader_finish(struct http_reader *reader);
// Reads on: takes bytes from *input (moving it forward, *length down) until the next event.
enum http_event http_reader_next(struct http_reader *reader, const char **input, size_t *length, const char **data,
                                 size_t *data_length);
const struct http_head *http_reader_head(const struct http_reader *reader);
// A head with the memory that its parts lie in.
struct http_taken_head {
    struct http_head head;
    struct buffer bytes;
};
// Gives the head away, which then lasts until http_taken_head_finish(). After HTTP_HEAD, before the next call of
// http_reader_next(); http_reader_head() of this message is empty from then on.
void http_reader_take_head(struct http_reader *reader, struct http_taken_head *taken);
void http_taken_head_finish(struct http_taken_head *taken);
// For a response to HEAD, and 1xx, 204, 304: there is no body whatever the headers say. Call after HTTP_HEAD.
void http_reader_skip_body(struct http_reader *reader);
// The input ended (peer closed): true if that completes the message (a response read until close) or lies
// between messages; false if it cuts one off. HTTP_END of a message that this completes is still to be fetched.
bool http_reader_end(struct http_reader *reader);
bool http_reader_is_idle(const struct http_reader *reader); // between messages, no byte of the next one seen
// Of HTTP_FAILED: 400, 417, 431, 501 or 505, and why. If the head of a request is refused, the reason is the phrase
// to answer with, e.g. "Bad Request" or "Bad Request: missing required Host header" (the text/plain body that the
// reference gives, after "NNN "). If a body is refused (HTTP_HEAD was seen: 400) or a response, it is what is wrong
// in a few words, e.g. "invalid byte in chunk length", to go behind "cannot ...: ".
int http_reader_status(const struct http_reader *reader);
const char *http_reader_reason(const struct http_reader *reader);

// --- writing ---

const char *http_status_text(int status); // "OK", "Not Found" …; "" when unknown
// Adds "size in hex CRLF data CRLF"; nothing for length 0 (that would end the body).
void http_add_chunk(struct buffer *out, const void *data, size_t length);
void http_add_last_chunk(struct buffer *out);

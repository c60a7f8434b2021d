// SPDX-License-Identifier: LGPL-3.0-or-later
// Reader of HTTP/1.1 messages (RFC 9112): takes bytes and returns events, without I/O. Reads requests for the server,
// and responses for outgoing requests and libpebble.
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
    // derived
    bool is_keep_alive;       // according to the message itself
    bool has_expect_continue; // an HTTP/1.1 request with Expect: 100-continue
    bool has_body;            // a body follows (for a response, according to its own headers)
    bool is_chunked;
    bool has_length;
    uint64_t length;    // Content-Length
    bool wants_upgrade; // Connection: upgrade
};
// Returns the value of the first header with this name (any case), NULL if absent.
const char *http_head_get(const struct http_head *head, const char *name);
// Whether a comma-separated header holds the token (any case).
bool http_head_has_token(const struct http_head *head, const char *name, const char *token);

enum http_reader_kind { HTTP_READ_REQUEST, HTTP_READ_RESPONSE };
enum http_event {
    HTTP_NEED_MORE, // all input was consumed; more is needed
    HTTP_HEAD,      // the head is complete: http_reader_head() is valid until HTTP_END or HTTP_FAILED
    HTTP_BODY,      // a piece of the body: `data`, `length` point into the input
    HTTP_END,       // the message is complete; the next byte begins the next one (pipelining)
    HTTP_FAILED,    // refused, see http_reader_status() and _reason(); no more can be read
};

struct http_reader {
    enum http_reader_kind kind;
    size_t head_limit_bytes;
    // private
    struct buffer head_bytes; // head of the current message; freed at its end
    struct http_head head;    // points into head_bytes; its headers are owned
    uint64_t remaining;       // of the body or chunk
    size_t line_count;        // of the head so far
    size_t line_length;       // of the chunk line or trailers so far
    const char *reason;
    int status;
    int state;
    signed char phase; // within a line of the head, a chunk line or the trailers
    signed char chunk_digits;
    signed char blanks_left; // stray line ends still allowed before the next request
    bool has_checked_start;
};
void http_reader_init(struct http_reader *reader, enum http_reader_kind kind);
void http_reader_finish(struct http_reader *reader);
// Consumes bytes from *input up to the next event; advances *input and reduces *length.
enum http_event http_reader_next(struct http_reader *reader, const char **input, size_t *length, const char **data,
                                 size_t *data_length);
const struct http_head *http_reader_head(const struct http_reader *reader);
// A head with the memory of its strings.
struct http_taken_head {
    struct http_head head;
    struct buffer bytes;
};
// Moves the head to `taken`, where it is valid until http_taken_head_finish(). Call after HTTP_HEAD, before the next
// http_reader_next(). Afterwards http_reader_head() is empty for this message.
void http_reader_take_head(struct http_reader *reader, struct http_taken_head *taken);
void http_taken_head_finish(struct http_taken_head *taken);
// For responses without a body whatever their headers: to HEAD, and 1xx, 204, 304. Call after HTTP_HEAD.
void http_reader_skip_body(struct http_reader *reader);
// Call when the input has ended. Returns true between messages, and if the end completes the message (a response read
// until close), whose HTTP_END is returned by the next http_reader_next(). False if a message is incomplete.
bool http_reader_end(struct http_reader *reader);
bool http_reader_is_idle(const struct http_reader *reader); // between messages, no byte of the next one seen
// After HTTP_FAILED: the status (400, 417, 431, 501 or 505) and the reason. For the head of a request, the reason is
// the phrase to respond with, such as "Bad Request" or "Bad Request: missing required Host header" (the reference's
// text/plain body after "NNN "). For a body (after HTTP_HEAD, status 400) or a response, it is a description to follow
// "cannot ...: ", such as "invalid byte in chunk length".
int http_reader_status(const struct http_reader *reader);
const char *http_reader_reason(const struct http_reader *reader);

const char *http_status_text(int status); // "OK", "Not Found" …; "" if unknown

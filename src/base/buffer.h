// SPDX-License-Identifier: LGPL-3.0-or-later
// A growable run of bytes with a mandatory limit. Adding beyond the limit (or without memory, for
// limits above 1 MiB other than BUFFER_NO_LIMIT) adds nothing and is remembered: whatever is added later is
// left out too, until buffer_clear(). Look once, at the end (before buffer_take()), with buffer_is_whole().
// The bytes are always followed by a NUL that does not count, so that text can be used as a string.
#pragma once

#include "base/compiler.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUFFER_NO_LIMIT ((size_t)-1 / 2) // for text that only we size

struct buffer {
    char *data; // NULL while nothing was ever added; use buffer_text() for a string
    size_t length;
    size_t capacity;
    size_t limit_bytes;
    bool has_overflowed;
};

#define BUFFER_INIT(limit)                                                                                             \
    { .limit_bytes = (limit) }

void buffer_init(struct buffer *buffer, size_t limit_bytes);
void buffer_finish(struct buffer *buffer); // frees; the buffer can be used again, empty, same limit
#define AUTO_BUFFER CLEANUP(buffer_finish)

void buffer_add(struct buffer *buffer, const void *data, size_t length);
void buffer_add_string(struct buffer *buffer, const char *text);
void buffer_add_char(struct buffer *buffer, char c);
void buffer_add_number(struct buffer *buffer, uint64_t number); // in decimal
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
void buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments) PRINTF_LIKE(2, 0);
// Room for `length` more bytes at the returned place, or NULL beyond the limit; then buffer_commit().
char *buffer_reserve(struct buffer *buffer, size_t length) NODISCARD;
void buffer_commit(struct buffer *buffer, size_t length);
// Whether everything that was added is in it.
bool buffer_is_whole(const struct buffer *buffer) NODISCARD;
// Drops bytes at the front, or all but the first `length`.
void buffer_consume(struct buffer *buffer, size_t length);
void buffer_truncate(struct buffer *buffer, size_t length);
// Empties it, keeping the memory, and forgets an overflow.
void buffer_clear(struct buffer *buffer);
// The bytes as a string, "" when empty. Borrowed, valid until the next change.
const char *buffer_text(const struct buffer *buffer);
// Gives the bytes away as an owned string (never NULL); the buffer is empty afterwards.
char *buffer_take(struct buffer *buffer);

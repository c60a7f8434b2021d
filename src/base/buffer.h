// SPDX-License-Identifier: LGPL-3.0-or-later
// A growable byte buffer with a mandatory limit. An addition that exceeds the limit (or fails for lack of memory, with
// limits above 1 MiB other than BUFFER_NO_LIMIT) adds nothing, and nor do later additions until buffer_clear(). Check
// once with buffer_is_whole(), after the last addition and before buffer_take(). The bytes are followed by a NUL, which
// is not part of the length, so that text can be used as a string.
#pragma once

#include "base/compiler.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUFFER_NO_LIMIT ((size_t)-1 / 2) // for text whose size does not depend on input

struct buffer {
    char *data; // NULL until something is added; use buffer_text() for a string
    size_t length;
    size_t capacity;
    size_t limit_bytes;
    bool has_overflowed;
    bool is_lent; // `data` is memory of the caller
};

#define BUFFER_INIT(limit)                                                                                             \
    { .limit_bytes = (limit) }

void buffer_init(struct buffer *buffer, size_t limit_bytes);
void buffer_finish(struct buffer *buffer); // frees the memory; the buffer is empty and keeps its limit
// Lends memory to an empty buffer without a limit, usually an array on the stack: nothing is allocated until it is
// full. `size` > 0.
void buffer_lend(struct buffer *buffer, char *memory, size_t size);
#define AUTO_BUFFER CLEANUP(buffer_finish)

void buffer_add(struct buffer *buffer, const void *data, size_t length);
void buffer_add_string(struct buffer *buffer, const char *text);
void buffer_add_char(struct buffer *buffer, char c);
void buffer_add_number(struct buffer *buffer, uint64_t number); // in decimal
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
void buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments) PRINTF_LIKE(2, 0);
// Allocates memory for `length` more bytes; fails beyond the limit.
bool buffer_reserve(struct buffer *buffer, size_t length) NODISCARD;
// Whether no addition has failed.
bool buffer_is_whole(const struct buffer *buffer) NODISCARD;
// Removes bytes at the front, or all but the first `length`.
void buffer_consume(struct buffer *buffer, size_t length);
void buffer_truncate(struct buffer *buffer, size_t length);
// Empties the buffer, keeps the memory, and resets buffer_is_whole().
void buffer_clear(struct buffer *buffer);
// The bytes as a string, "" if empty. Borrowed, valid until the next change.
const char *buffer_text(const struct buffer *buffer);
// Returns the bytes as an owned string, never NULL. The buffer is empty afterwards.
char *buffer_take(struct buffer *buffer);

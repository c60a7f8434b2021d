// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define CAPACITY_MIN 64
// Up to this size an allocation cannot fail (memory_resize()); above, failure is reported to the caller.
#define SURE_LIMIT_BYTES ((size_t)1 << 20)

void buffer_init(struct buffer *buffer, size_t limit_bytes) {
    *buffer = (struct buffer)BUFFER_INIT(limit_bytes);
}

void buffer_finish(struct buffer *buffer) {
    if (!buffer->is_lent)
        free(buffer->data);
    buffer_init(buffer, buffer->limit_bytes);
}

void buffer_lend(struct buffer *buffer, char *memory, size_t size) {
    *buffer = (struct buffer){.data = memory, .capacity = size, .limit_bytes = BUFFER_NO_LIMIT, .is_lent = true};
    memory[0] = '\0';
}

static bool has_room(const struct buffer *buffer, size_t length) {
    return !buffer->has_overflowed && length < buffer->capacity - buffer->length;
}

static size_t grown_capacity(const struct buffer *buffer, size_t needed) {
    size_t capacity = buffer->capacity < CAPACITY_MIN ? CAPACITY_MIN : buffer->capacity;
    while (capacity < needed)
        capacity *= 2;
    // The limit is at most SIZE_MAX / 2, so neither the doubling nor the sum can overflow.
    return capacity > buffer->limit_bytes + 1 ? buffer->limit_bytes + 1 : capacity;
}

// Ensures capacity for `length` more bytes and the NUL.
static bool make_room(struct buffer *buffer, size_t length) {
    if (buffer->has_overflowed)
        return false;
    if (buffer->length > buffer->limit_bytes || length > buffer->limit_bytes - buffer->length) {
        buffer->has_overflowed = true;
        return false;
    }
    size_t needed = buffer->length + length + 1;
    if (needed <= buffer->capacity)
        return true;
    size_t capacity = grown_capacity(buffer, needed);
    bool is_sure = buffer->limit_bytes <= SURE_LIMIT_BYTES || buffer->limit_bytes == BUFFER_NO_LIMIT;
    char *owned = buffer->is_lent ? NULL : buffer->data;
    char *data = is_sure ? memory_resize(owned, capacity) : memory_try_resize(owned, capacity);
    if (data == NULL) {
        buffer->has_overflowed = true;
        return false;
    }
    if (buffer->is_lent)
        memcpy(data, buffer->data, buffer->length);
    buffer->is_lent = false;
    buffer->data = data;
    buffer->capacity = capacity;
    buffer->data[buffer->length] = '\0';
    return true;
}

static void set_length(struct buffer *buffer, size_t length) {
    buffer->length = length;
    buffer->data[length] = '\0';
}

void buffer_add(struct buffer *buffer, const void *data, size_t length) {
    if (!has_room(buffer, length) && !make_room(buffer, length))
        return;
    if (length > 0)
        memcpy(buffer->data + buffer->length, data, length);
    set_length(buffer, buffer->length + length);
}

void buffer_add_string(struct buffer *buffer, const char *text) {
    buffer_add(buffer, text, strlen(text));
}

void buffer_add_char(struct buffer *buffer, char c) {
    buffer_add(buffer, &c, 1);
}

void buffer_add_number(struct buffer *buffer, uint64_t number) {
    char digits[20]; // of UINT64_MAX
    size_t first = sizeof digits;
    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buffer_add(buffer, digits + first, sizeof digits - first);
}

void buffer_printf(struct buffer *buffer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    buffer_vprintf(buffer, format, arguments);
    va_end(arguments);
}

void buffer_vprintf(struct buffer *buffer, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    // It usually fits into what is left.
    size_t room = buffer->has_overflowed ? 0 : buffer->capacity - buffer->length;
    int length = vsnprintf(room > 0 ? buffer->data + buffer->length : NULL, room, format, arguments);
    if (room > 0 && (length < 0 || (size_t)length >= room))
        buffer->data[buffer->length] = '\0';
    if (length < 0) {
        buffer->has_overflowed = true;
    } else if ((size_t)length < room) {
        buffer->length += (size_t)length;
    } else if (make_room(buffer, (size_t)length)) {
        vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
        set_length(buffer, buffer->length + (size_t)length);
    }
    va_end(again);
}

bool buffer_reserve(struct buffer *buffer, size_t length) {
    return make_room(buffer, length);
}

bool buffer_is_whole(const struct buffer *buffer) {
    return !buffer->has_overflowed;
}

void buffer_consume(struct buffer *buffer, size_t length) {
    if (length == 0 || buffer->length == 0)
        return;
    size_t rest = length < buffer->length ? buffer->length - length : 0;
    memmove(buffer->data, buffer->data + buffer->length - rest, rest);
    set_length(buffer, rest);
}

void buffer_truncate(struct buffer *buffer, size_t length) {
    if (length < buffer->length)
        set_length(buffer, length);
}

void buffer_clear(struct buffer *buffer) {
    buffer_truncate(buffer, 0);
    buffer->has_overflowed = false;
}

const char *buffer_text(const struct buffer *buffer) {
    return buffer->data != NULL ? buffer->data : "";
}

char *buffer_take(struct buffer *buffer) {
    char *text =
        buffer->data != NULL && !buffer->is_lent ? buffer->data : memory_string_n(buffer_text(buffer), buffer->length);
    buffer_init(buffer, buffer->limit_bytes);
    return text;
}

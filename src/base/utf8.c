// SPDX-License-Identifier: LGPL-3.0-or-later
// Declared in base/text.h.
#include "base/text.h"

#include <string.h>

#define REPLACEMENT 0xFFFD

// Properties of a first byte: length of the sequence, bits of the value in it, and the smallest value that may be
// written with this length.
struct lead {
    size_t size;
    uint32_t bits, least;
};

static struct lead lead_of(unsigned char byte) {
    if (byte < 0x80)
        return (struct lead){1, byte, 0};
    if (byte >= 0xC0 && byte < 0xE0)
        return (struct lead){2, byte & 0x1FU, 0x80};
    if (byte >= 0xE0 && byte < 0xF0)
        return (struct lead){3, byte & 0x0FU, 0x800};
    if (byte >= 0xF0 && byte < 0xF8)
        return (struct lead){4, byte & 0x07U, 0x10000};
    return (struct lead){0, 0, 0};
}

static bool is_scalar(uint32_t value) {
    return value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
}

size_t utf8_decode(const char *text, size_t length, uint32_t *code_point, bool *is_valid) {
    struct lead lead = lead_of((unsigned char)text[0]);
    uint32_t value = lead.bits;
    bool is_good = lead.size > 0 && lead.size <= length;
    for (size_t i = 1; is_good && i < lead.size; i++) {
        unsigned char byte = (unsigned char)text[i];
        is_good = (byte & 0xC0U) == 0x80;
        value = value << 6 | (byte & 0x3FU);
    }
    *is_valid = is_good && value >= lead.least && is_scalar(value);
    *code_point = *is_valid ? value : REPLACEMENT;
    return *is_valid ? lead.size : 1;
}

bool utf8_is_valid(const char *text, size_t length) {
    bool is_valid = true;
    uint32_t code_point;
    for (size_t at = 0; at < length && is_valid;)
        at += utf8_decode(text + at, length - at, &code_point, &is_valid);
    return is_valid;
}

void utf8_add_valid(struct buffer *out, const char *text, size_t length) {
    size_t good = 0; // start of the valid bytes that are not added yet
    for (size_t at = 0; at < length;) {
        uint32_t code_point;
        bool is_valid;
        size_t size = utf8_decode(text + at, length - at, &code_point, &is_valid);
        if (!is_valid) {
            buffer_add(out, text + good, at - good);
            utf8_add_code_point(out, REPLACEMENT);
            good = at + size;
        }
        at += size;
    }
    buffer_add(out, text + good, length - good);
}

void text_add_without_nul(struct buffer *out, const char *bytes, size_t length) {
    while (length > 0) {
        size_t part = strnlen(bytes, length);
        buffer_add(out, bytes, part);
        if (part == length)
            break;
        utf8_add_code_point(out, REPLACEMENT);
        bytes += part + 1;
        length -= part + 1;
    }
}

void utf8_add_code_point(struct buffer *out, uint32_t code_point) {
    uint32_t value = is_scalar(code_point) ? code_point : REPLACEMENT;
    size_t size = value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
    static const unsigned char lead_marks[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    char bytes[4];
    for (size_t i = size; i-- > 1;) {
        bytes[i] = (char)(0x80 | (value & 0x3F));
        value >>= 6;
    }
    bytes[0] = (char)(lead_marks[size] | value);
    buffer_add(out, bytes, size);
}

size_t utf8_count(const char *text, size_t length) {
    size_t count = 0;
    for (size_t at = 0; at < length; count++) {
        uint32_t code_point;
        bool is_valid;
        at += utf8_decode(text + at, length - at, &code_point, &is_valid);
    }
    return count;
}

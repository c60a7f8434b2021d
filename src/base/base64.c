// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buffer *out, const void *data, size_t length) {
    const unsigned char *bytes = data;
    for (size_t i = 0; i < length; i += 3) {
        size_t count = length - i < 3 ? length - i : 3;
        uint32_t bits = (uint32_t)bytes[i] << 16;
        bits |= count > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        bits |= count > 2 ? bytes[i + 2] : 0;
        char group[4] = {alphabet[bits >> 18], alphabet[bits >> 12 & 63], '=', '='};
        if (count > 1)
            group[2] = alphabet[bits >> 6 & 63];
        if (count > 2)
            group[3] = alphabet[bits & 63];
        buffer_add(out, group, sizeof group);
    }
}

static int digit_value(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(struct buffer *out, const char *text, size_t length) {
    uint32_t bits = 0;
    int digits = 0; // in the current group of four
    int padding = 0;
    bool is_done = false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\r' || text[i] == '\n')
            continue;
        int value = digit_value(text[i]);
        if (is_done || (value < 0 && (text[i] != '=' || digits < 2)) || (value >= 0 && padding > 0))
            return false;
        padding += value < 0;
        bits = bits << 6 | (value < 0 ? 0 : (uint32_t)value);
        if (++digits == 4) {
            char group[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
            buffer_add(out, group, (size_t)(3 - padding));
            is_done = padding > 0;
            digits = 0;
            bits = 0;
        }
    }
    return digits == 0;
}

// SPDX-License-Identifier: LGPL-3.0-or-later
// The order in which the reference shows the keys of a map. Declared in data/yaml_writer.h.
#include "data/yaml_writer.h"

#include <string.h>

#include "base/compiler.h"
#include "base/text.h"

// At the first difference of two keys.
struct difference {
    uint32_t a, b;           // the code points there; 0: the key ends
    const char *a_at, *b_at; // where they begin
    const char *start;       // of the first key
    bool follows_digit;
};

static bool is_digit(uint32_t c) {
    return c >= '0' && c <= '9';
}

// Beyond ASCII, where names hardly go, blocks of punctuation and symbols are told apart, no single characters.
static bool is_letter(uint32_t c) {
    static const uint32_t others[][2] = {
        {0x80, 0xA9},     {0xAB, 0xB4},     {0xB6, 0xB9},     {0xBB, 0xBF},     {0xD7, 0xD7},     {0xF7, 0xF7},
        {0x300, 0x36F},   {0x2000, 0x2070}, {0x2072, 0x207E}, {0x2080, 0x208F}, {0x20A0, 0x20FF}, {0x2190, 0x2BFF},
        {0x2E00, 0x3004}, {0x3007, 0x3030}, {0xE000, 0xF8FF}, {0xFE00, 0xFE6F}, {0xFF01, 0xFF20}, {0x1F000, 0x1FAFF}};
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        if (c >= others[i][0] && c <= others[i][1])
            return false;
    }
    return true;
}

static uint32_t code_point_at(const char *text) {
    uint32_t c = 0;
    bool is_valid;
    if (*text != '\0')
        (void)utf8_decode(text, strlen(text), &c, &is_valid);
    return c;
}

static bool is_continuation(char c) {
    return ((unsigned char)c & 0xC0) == 0x80;
}

static struct difference find_difference(const char *a, const char *b) {
    size_t i = 0;
    while (a[i] != '\0' && a[i] == b[i])
        i++;
    while (i > 0 && (is_continuation(a[i]) || is_continuation(b[i])))
        i--;
    return (struct difference){.a = code_point_at(a + i),
                               .b = code_point_at(b + i),
                               .a_at = a + i,
                               .b_at = b + i,
                               .start = a,
                               .follows_digit = i > 0 && is_digit((unsigned char)a[i - 1])};
}

// Whether the number before the difference has a digit other than 0.
static bool continues_number(const struct difference *place) {
    for (const char *at = place->a_at; at > place->start && is_digit((unsigned char)at[-1]); at--) {
        if (at[-1] != '0')
            return true;
    }
    return false;
}

// The run of digits; the number wraps around.
static int64_t read_number(const char *at, int64_t number, size_t *length) {
    uint64_t value = (uint64_t)number;
    size_t count = 0;
    for (; is_digit((unsigned char)at[count]); count++)
        value = value * 10 + (uint64_t)(at[count] - '0');
    *length = count;
    return (int64_t)value;
}

static int compare_numbers(const struct difference *place) {
    bool has_zero = place->a == '0' || place->b == '0';
    int64_t before = has_zero && continues_number(place) ? 1 : 0;
    size_t a_length, b_length;
    int64_t a = read_number(place->a_at, before, &a_length), b = read_number(place->b_at, before, &b_length);
    if (a != b)
        return a < b ? -1 : 1;
    if (a_length != b_length)
        return a_length < b_length ? -1 : 1;
    return place->a < place->b ? -1 : 1;
}

int yaml_compare_keys(const char *a, const char *b) {
    const struct difference place = find_difference(a, b);
    if (place.a == place.b)
        return strcmp(a, b);
    if (place.a == 0 || place.b == 0) // the beginning of the other one
        return place.a == 0 ? -1 : 1;
    bool a_is_letter = is_letter(place.a), b_is_letter = is_letter(place.b);
    if (a_is_letter && b_is_letter)
        return place.a < place.b ? -1 : 1;
    if (a_is_letter || b_is_letter)
        return (place.follows_digit ? a_is_letter : b_is_letter) ? -1 : 1;
    return compare_numbers(&place);
}

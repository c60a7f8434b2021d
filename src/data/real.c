// SPDX-License-Identifier: LGPL-3.0-or-later
#include "data/real.h"

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 17 // sufficient for any double

double real_parse(const char *text) {
    // The program may have set a locale with another decimal point.
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0)
        return strtod(text, NULL);
    double value = strtod_l(text, NULL, plain);
    freelocale(plain);
    return value;
}

// The shortest digits that identify the number, and the decimal exponent of the first.
static void find_digits(double magnitude, char digits[DIGITS_MAX + 1], int *exponent) {
    char text[REAL_TEXT_SIZE];
    for (int precision = 0; precision < DIGITS_MAX; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, magnitude);
        if (strtod(text, NULL) >= magnitude && strtod(text, NULL) <= magnitude)
            break;
    }
    size_t count = 0;
    const char *at = text;
    for (; *at != 'e' && *at != '\0'; at++) {
        if (isdigit((unsigned char)*at) && count < DIGITS_MAX)
            digits[count++] = *at;
    }
    digits[count] = '\0';
    *exponent = *at == 'e' ? (int)strtol(at + 1, NULL, 10) : 0;
}

static size_t put(char *out, size_t at, char c, int times) {
    for (int i = 0; i < times; i++)
        out[at++] = c;
    return at;
}

void real_format(double value, int low, int high, int exponent_digits, char out[REAL_TEXT_SIZE]) {
    char digits[DIGITS_MAX + 1];
    int exponent = 0;
    find_digits(fabs(value), digits, &exponent);
    int count = (int)strlen(digits);
    size_t at = put(out, 0, '-', signbit(value) != 0);
    bool is_fixed = exponent >= low && exponent < high;
    if (is_fixed && exponent < 0) {
        at = put(out, at, '0', 1);
        at = put(out, at, '.', 1);
        at = put(out, at, '0', -exponent - 1);
    }
    // The number of digits before the point.
    int whole = !is_fixed ? 1 : exponent >= 0 ? exponent + 1 : count;
    for (int i = 0; i < count; i++) {
        at = put(out, at, '.', i == whole);
        at = put(out, at, digits[i], 1);
    }
    if (is_fixed) {
        at = put(out, at, '0', whole - count);
        out[at] = '\0';
    } else {
        snprintf(out + at, REAL_TEXT_SIZE - at, "e%c%0*d", exponent < 0 ? '-' : '+', exponent_digits, abs(exponent));
    }
}

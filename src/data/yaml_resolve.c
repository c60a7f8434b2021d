// SPDX-License-Identifier: LGPL-3.0-or-later
// Declared in data/yaml_internal.h.
#include "data/yaml_internal.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/real.h"

static bool is_one_of(const char *text, const char *const *words) {
    for (; *words != NULL; words++) {
        if (strcmp(text, *words) == 0)
            return true;
    }
    return false;
}

static bool resolve_word(const char *text, struct yaml_resolved *resolved) {
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
    static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};
    if (is_one_of(text, nulls)) {
        resolved->kind = YAML_NULL;
    } else if (is_one_of(text, trues) || is_one_of(text, falses)) {
        resolved->kind = YAML_BOOL;
        resolved->truth = tolower((unsigned char)text[0]) == 't';
    } else if (is_one_of(text, nans)) {
        resolved->kind = YAML_FLOAT;
        resolved->real = (double)NAN;
    } else if (is_one_of(*text == '+' || *text == '-' ? text + 1 : text, infinities)) {
        resolved->kind = YAML_FLOAT;
        resolved->real = *text == '-' ? -(double)INFINITY : (double)INFINITY;
    } else {
        return false;
    }
    return true;
}

// Steps over up to `most` digits.
static int take_digits(const char **at, int most) {
    int value = 0;
    for (int i = 0; i < most && isdigit((unsigned char)**at); i++)
        value = value * 10 + (*(*at)++ - '0');
    return value;
}

static bool take_number(const char **at, int min, int max, int *value) {
    if (!isdigit((unsigned char)**at))
        return false;
    *value = take_digits(at, 2);
    return *value >= min && *value <= max;
}

static bool take_char(const char **at, const char *allowed) {
    if (**at == '\0' || strchr(allowed, **at) == NULL)
        return false;
    ++*at;
    return true;
}

static bool take_clock(const char **at) {
    int value = 0;
    if (!take_number(at, 0, 23, &value) || !take_char(at, ":") || !take_number(at, 0, 59, &value) ||
        !take_char(at, ":") || !take_number(at, 0, 59, &value))
        return false;
    if ((**at == '.' || **at == ',') && isdigit((unsigned char)(*at)[1])) {
        ++*at;
        *at += strspn(*at, "0123456789");
    }
    return true;
}

static bool take_zone(const char **at) {
    int value = 0;
    if (take_char(at, "Z"))
        return true;
    return take_char(at, "+-") && isdigit((unsigned char)(*at)[0]) && isdigit((unsigned char)(*at)[1]) &&
           take_number(at, 0, 24, &value) && take_char(at, ":") && isdigit((unsigned char)(*at)[0]) &&
           isdigit((unsigned char)(*at)[1]) && take_number(at, 0, 59, &value);
}

// 2006-1-2, 2006-1-2T15:4:5.9Z (or t, or an offset), 2006-1-2 15:4:5.9 (without a zone).
static bool is_timestamp(const char *text) {
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (strspn(text, "0123456789") != 4 || text[4] != '-')
        return false;
    const char *at = text;
    int year = take_digits(&at, 4);
    int month = 0;
    int day = 0;
    if (!take_char(&at, "-") || !take_number(&at, 1, 12, &month) || !take_char(&at, "-") ||
        !take_number(&at, 1, 31, &day))
        return false;
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day > month_days[month - 1] + (month == 2 && is_leap))
        return false;
    if (*at == '\0')
        return true;
    if (take_char(&at, "Tt"))
        return take_clock(&at) && take_zone(&at) && *at == '\0';
    if (*at != ' ')
        return false;
    at += strspn(at, " ");
    return take_clock(&at) && *at == '\0';
}

static int digit_value(char c) {
    if (isdigit((unsigned char)c))
        return c - '0';
    return isalpha((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : INT_MAX;
}

// Digits of the base with an optional sign, and nothing else. Only a number without a sign may need all 64 bits.
static bool parse_digits(const char *text, int base, struct yaml_resolved *resolved) {
    bool has_sign = *text == '-' || *text == '+';
    bool is_negative = *text == '-';
    const char *digits = text + has_sign;
    if (*digits == '\0')
        return false;
    uint64_t magnitude = 0;
    for (; *digits != '\0'; digits++) {
        int value = digit_value(*digits);
        if (value >= base || __builtin_mul_overflow(magnitude, (uint64_t)base, &magnitude) ||
            __builtin_add_overflow(magnitude, (uint64_t)value, &magnitude))
            return false;
    }
    bool fits = magnitude <= (uint64_t)INT64_MAX + is_negative;
    if (!fits && has_sign)
        return false;
    resolved->kind = YAML_INT;
    resolved->real = is_negative ? -(double)magnitude : (double)magnitude;
    resolved->has_int64 = fits;
    resolved->integer = !fits ? 0 : is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

static bool resolve_integer(const char *text, struct yaml_resolved *resolved) {
    const char *digits = text + (*text == '-' || *text == '+');
    if (digits[0] != '0' || digits[1] == '\0')
        return parse_digits(text, 10, resolved);
    int base = 8;
    size_t prefix = 2;
    switch (digits[1]) {
    case 'x':
    case 'X':
        base = 16;
        break;
    case 'b':
    case 'B':
        base = 2;
        break;
    case 'o':
    case 'O':
        break;
    default:
        prefix = 1;
        break;
    }
    if (digits[prefix] == '-' || digits[prefix] == '+')
        return false;
    AUTO_FREE char *plain = memory_printf("%.*s%s", (int)(digits - text), text, digits + prefix);
    return parse_digits(plain, base, resolved);
}

static bool is_decimal_float(const char *text) {
    const char *at = text + (*text == '-' || *text == '+');
    size_t whole = strspn(at, "0123456789");
    at += whole;
    size_t fraction = 0;
    if (*at == '.') {
        fraction = strspn(++at, "0123456789");
        at += fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*at == 'e' || *at == 'E') {
        at += at[1] == '-' || at[1] == '+' ? 2 : 1;
        size_t exponent = strspn(at, "0123456789");
        return exponent > 0 && at[exponent] == '\0';
    }
    return *at == '\0';
}

static bool resolve_float(const char *text, struct yaml_resolved *resolved) {
    if (!is_decimal_float(text))
        return false;
    double value = real_parse(text);
    if (isinf(value))
        return false;
    resolved->kind = YAML_FLOAT;
    resolved->real = value;
    return true;
}

static char *without_underscores(const char *text) {
    char *plain = memory_string(text);
    char *end = plain;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c != '_')
            *end++ = *c;
    }
    *end = '\0';
    return plain;
}

struct yaml_resolved yaml_resolve(const char *text) {
    struct yaml_resolved resolved = {.kind = YAML_STRING};
    if (resolve_word(text, &resolved))
        return resolved;
    if (*text == '.') {
        (void)resolve_float(text, &resolved);
        return resolved;
    }
    if (!isdigit((unsigned char)*text) && *text != '+' && *text != '-')
        return resolved;
    if (is_timestamp(text)) {
        resolved.kind = YAML_TIMESTAMP;
        return resolved;
    }
    AUTO_FREE char *plain = without_underscores(text);
    if (!resolve_integer(plain, &resolved))
        (void)resolve_float(plain, &resolved);
    return resolved;
}

const char *yaml_kind_tag(enum yaml_kind kind) {
    static const char *const tags[] = {
        [YAML_NULL] = "!!null",  [YAML_BOOL] = "!!bool",           [YAML_INT] = "!!int",      [YAML_FLOAT] = "!!float",
        [YAML_STRING] = "!!str", [YAML_TIMESTAMP] = "!!timestamp", [YAML_SEQUENCE] = "!!seq", [YAML_MAP] = "!!map",
    };
    return tags[kind];
}

bool yaml_is_old_bool(const char *text, bool *value) {
    static const char *const trues[] = {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", NULL};
    static const char *const falses[] = {"n", "N", "no", "No", "NO", "off", "Off", "OFF", NULL};
    bool is_true = is_one_of(text, trues);
    if (!is_true && !is_one_of(text, falses))
        return false;
    *value = is_true;
    return true;
}

bool yaml_is_base60(const char *text) {
    const char *at = text + (*text == '-' || *text == '+');
    if (!isdigit((unsigned char)*at))
        return false;
    at += strspn(at, "0123456789_");
    if (*at != ':')
        return false;
    while (*at == ':') {
        size_t digits = strspn(++at, "0123456789");
        if (digits < 1 || digits > 2 || (digits == 2 && *at > '5'))
            return false;
        at += digits;
    }
    if (*at == '.')
        at += 1 + strspn(at + 1, "0123456789_");
    return *at == '\0';
}

// SPDX-License-Identifier: LGPL-3.0-or-later
// Declared in base/clock.h.
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

// The largest absolute value: one more than INT64_MAX, for the smallest number.
#define MAGNITUDE_MAX (UINT64_C(1) << 63)

struct unit {
    const char *name;
    uint64_t ns;
};

static const struct unit units[] = {
    {"ns", 1},
    {"us", 1000},
    {"\xC2\xB5s", 1000}, // U+00B5, the micro sign
    {"\xCE\xBCs", 1000}, // U+03BC, the Greek letter
    {"ms", 1000000},
    {"s", 1000000000},
    {"m", 60 * UINT64_C(1000000000)},
    {"h", 3600 * UINT64_C(1000000000)},
};

static const struct unit *unit_find(const char *name, size_t length) {
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (strlen(units[i].name) == length && memcmp(units[i].name, name, length) == 0)
            return &units[i];
    }
    return NULL;
}

// Go's package time has its own quoting: control characters and bytes beyond ASCII are written in hex. Long text is
// cut, as by text_quote().
static void quote(struct buffer *out, const char *text, size_t length) {
    size_t most = length > TEXT_QUOTED_MAX ? TEXT_QUOTED_MAX : length;
    buffer_add_char(out, '"');
    for (size_t i = 0; i < most; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool is_nul = text_has_prefix(text + i, TEXT_NUL);
        if (byte < ' ' || byte >= 0x80)
            buffer_printf(out, "\\x%02x", is_nul ? 0 : byte);
        else
            buffer_printf(out, byte == '"' || byte == '\\' ? "\\%c" : "%c", byte);
        i += is_nul;
    }
    buffer_add_string(out, most < length ? "\xe2\x80\xa6\"" : "\"");
}

static bool fail(struct error *err, const char *problem, const char *text) {
    AUTO_BUFFER struct buffer quoted = BUFFER_INIT(BUFFER_NO_LIMIT);
    quote(&quoted, text, strlen(text));
    return error_set(err, ERROR_BAD_REQUEST, "time: %s duration %s", problem, buffer_text(&quoted));
}

static bool fail_unit(struct error *err, const char *unit, size_t length, const char *text) {
    AUTO_BUFFER struct buffer problem = BUFFER_INIT(BUFFER_NO_LIMIT);
    buffer_add_string(&problem, "unknown unit ");
    quote(&problem, unit, length);
    buffer_add_string(&problem, " in");
    return fail(err, buffer_text(&problem), text);
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Digits before the point. Fails if they exceed MAGNITUDE_MAX.
static bool read_whole(const char **at, uint64_t *value) {
    for (; is_digit(**at); (*at)++) {
        if (*value > MAGNITUDE_MAX / 10)
            return false;
        *value = *value * 10 + (uint64_t)(**at - '0');
        if (*value > MAGNITUDE_MAX)
            return false;
    }
    return true;
}

// Digits after the point, as value / scale. Digits that do not fit are ignored.
static void read_fraction(const char **at, uint64_t *value, double *scale) {
    bool is_full = false;
    for (; is_digit(**at); (*at)++) {
        uint64_t longer = *value * 10 + (uint64_t)(**at - '0');
        is_full = is_full || *value > (uint64_t)INT64_MAX / 10 || longer > MAGNITUDE_MAX;
        if (!is_full) {
            *value = longer;
            *scale *= 10;
        }
    }
}

// Reads one number with its unit and adds it to *total.
static bool read_part(const char **at, uint64_t *total, const char *text, struct error *err) {
    uint64_t value = 0;
    uint64_t fraction = 0;
    double scale = 1;
    const char *start = *at;
    if (!read_whole(at, &value))
        return fail(err, "invalid", text);
    bool has_digits = *at > start;
    if (**at == '.') {
        (*at)++;
        start = *at;
        read_fraction(at, &fraction, &scale);
        has_digits = has_digits || *at > start;
    }
    if (!has_digits)
        return fail(err, "invalid", text);
    const char *name = *at;
    *at += strcspn(name, ".0123456789");
    size_t length = (size_t)(*at - name);
    if (length == 0)
        return fail(err, "missing unit in", text);
    const struct unit *unit = unit_find(name, length);
    if (unit == NULL)
        return fail_unit(err, name, length, text);
    if (value > MAGNITUDE_MAX / unit->ns)
        return fail(err, "invalid", text);
    // In floating point, for the same rounding as in Go.
    value = value * unit->ns + (uint64_t)((double)fraction * ((double)unit->ns / scale));
    if (value > MAGNITUDE_MAX || *total + value > MAGNITUDE_MAX)
        return fail(err, "invalid", text);
    *total += value;
    return true;
}

bool duration_parse(const char *text, int64_t *ns, struct error *err) {
    const char *at = text;
    bool is_negative = *at == '-';
    if (*at == '-' || *at == '+')
        at++;
    if (strcmp(at, "0") == 0) {
        *ns = 0;
        return true;
    }
    uint64_t total = 0;
    do {
        if (!read_part(&at, &total, text, err))
            return false;
    } while (*at != '\0');
    if (total == MAGNITUDE_MAX && !is_negative)
        return fail(err, "invalid", text);
    *ns = (int64_t)(is_negative ? 0 - total : total);
    return true;
}

// Adds value / per, where per divides 1,000,000,000, with as many digits as needed, and the unit. Each line of a
// request has a duration, for which snprintf() is slow.
static void add_decimal(struct buffer *out, uint64_t value, uint64_t per, const char *unit) {
    uint64_t billionths = value % per * ((uint64_t)NS_PER_S / per);
    buffer_add_number(out, value / per);
    if (billionths > 0)
        buffer_add_char(out, '.');
    for (; billionths > 0; billionths %= (uint64_t)NS_PER_S) {
        billionths *= 10;
        buffer_add_char(out, (char)('0' + billionths / (uint64_t)NS_PER_S));
    }
    buffer_add_string(out, unit);
}

void duration_format(int64_t ns, char out[DURATION_TEXT_SIZE]) {
    uint64_t magnitude = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    const struct unit *unit = &units[5];
    if (magnitude > 0 && magnitude < unit->ns)
        unit = magnitude < 1000 ? &units[0] : magnitude < 1000000 ? &units[2] : &units[4];
    const uint64_t minute_ns = 60 * (uint64_t)NS_PER_S;
    uint64_t minutes = magnitude / minute_ns;
    struct buffer text; // in `out`, which has room for all durations
    buffer_lend(&text, out, DURATION_TEXT_SIZE);
    if (ns < 0)
        buffer_add_char(&text, '-');
    if (minutes >= 60) {
        buffer_add_number(&text, minutes / 60);
        buffer_add_char(&text, 'h');
    }
    if (minutes > 0) {
        buffer_add_number(&text, minutes % 60);
        buffer_add_char(&text, 'm');
    }
    add_decimal(&text, magnitude % minute_ns, unit->ns, unit->name);
}

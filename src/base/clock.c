// SPDX-License-Identifier: LGPL-3.0-or-later
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef PEBBLE_TEST_SEAMS
#include "base/file.h"
#endif

#define SECONDS_PER_DAY 86400

static int64_t read_clock(clockid_t id) {
    struct timespec now;
    clock_gettime(id, &now); // cannot fail for the clocks used here
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t clock_monotonic_ns(void) {
    return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_add_ns(int64_t time_ns, int64_t duration_ns) {
    int64_t sum_ns;
    if (__builtin_add_overflow(time_ns, duration_ns, &sum_ns))
        return duration_ns < 0 ? INT64_MIN : INT64_MAX;
    return sum_ns;
}

int64_t clock_deadline_ns(int64_t timeout_ns) {
    return clock_add_ns(clock_monotonic_ns(), timeout_ns);
}

#ifdef PEBBLE_TEST_SEAMS
// The file is read each time, so that a test can change the clock of a running program.
static int64_t test_offset_ns(void) {
    const char *path = getenv("PEBBLE_TEST_CLOCK");
    AUTO_BUFFER struct buffer content = BUFFER_INIT(64);
    if (path == NULL || !file_read(path, &content, NULL))
        return 0;
    return (int64_t)(strtod(buffer_text(&content), NULL) * (double)NS_PER_S);
}
#else
static int64_t test_offset_ns(void) {
    return 0;
}
#endif

int64_t clock_wall_ns(void) {
    return read_clock(CLOCK_REALTIME) + test_offset_ns();
}

// Seconds, rounded down; *rest_ns is 0 to 999,999,999.
static time_t split_seconds(int64_t ns, int64_t *rest_ns) {
    int64_t seconds = ns / NS_PER_S;
    *rest_ns = ns % NS_PER_S;
    if (*rest_ns < 0) {
        *rest_ns += NS_PER_S;
        seconds--;
    }
    return (time_t)seconds;
}

bool clock_utc(int64_t wall_s, struct tm *utc) {
    time_t seconds = (time_t)wall_s;
    if (gmtime_r(&seconds, utc) == NULL)
        return false;
    utc->tm_zone = "UTC"; // not "GMT"
    return true;
}

bool clock_local(int64_t wall_s, struct tm *local) {
    time_t seconds = (time_t)wall_s;
    // glibc reads TZ at the first call only.
    if (localtime_r(&seconds, local) == NULL)
        return false;
    return labs(local->tm_gmtoff) < SECONDS_PER_DAY || clock_utc(wall_s, local);
}

struct wall_time clock_now(void) {
    struct wall_time time = {.ns = clock_wall_ns(), .is_set = true};
    int64_t rest_ns;
    time_t seconds = split_seconds(time.ns, &rest_ns);
    struct tm local;
    if (clock_local(seconds, &local))
        time.offset_seconds = (int32_t)local.tm_gmtoff;
    return time;
}

// Writes `count` digits and the character after them; returns the end. Each line of a log has a time, for which
// snprintf() is slow.
static char *put_number(char *at, int value, int count, char after) {
    for (int i = count; i > 0; value /= 10)
        at[--i] = (char)('0' + value % 10);
    at[count] = after;
    return at + count + 1;
}

// "2026-01-02T03:04:05" of the seconds since 1970; returns the length.
static int format_civil(time_t seconds, char out[CLOCK_TEXT_SIZE]) {
    struct tm tm;
    gmtime_r(&seconds, &tm); // cannot fail: the year has four digits, as that of any count of nanoseconds
    char *at = put_number(out, tm.tm_year + 1900, 4, '-');
    at = put_number(at, tm.tm_mon + 1, 2, '-');
    at = put_number(at, tm.tm_mday, 2, 'T');
    at = put_number(at, tm.tm_hour, 2, ':');
    at = put_number(at, tm.tm_min, 2, ':');
    at = put_number(at, tm.tm_sec, 2, '\0');
    return (int)(at - out) - 1;
}

static void format_offset(int32_t offset_seconds, char *out, size_t size) {
    // Go truncates seconds towards zero, after it has chosen between "Z" and an offset.
    int minutes = offset_seconds / 60;
    if (offset_seconds == 0)
        memcpy(out, "Z", 2);
    else
        snprintf(out, size, "%c%02d:%02d", minutes < 0 ? '-' : '+', abs(minutes) / 60, abs(minutes) % 60);
}

void clock_format(struct wall_time time, char out[CLOCK_TEXT_SIZE]) {
    if (!time.is_set) {
        snprintf(out, CLOCK_TEXT_SIZE, "0001-01-01T00:00:00Z");
        return;
    }
    int64_t rest_ns;
    time_t seconds = split_seconds(time.ns, &rest_ns);
    int length = format_civil(seconds + time.offset_seconds, out);
    if (rest_ns > 0) {
        out[length] = '.';
        (void)put_number(out + length + 1, (int)rest_ns, 9, '\0');
        length += 10;
        while (out[length - 1] == '0')
            length--;
    }
    format_offset(time.offset_seconds, out + length, (size_t)(CLOCK_TEXT_SIZE - length));
}

void clock_format_millis(int64_t wall_ns, char out[CLOCK_TEXT_SIZE]) {
    int64_t rest_ns;
    int length = format_civil(split_seconds(wall_ns, &rest_ns), out);
    out[length] = '.';
    *put_number(out + length + 1, (int)(rest_ns / NS_PER_MS), 3, 'Z') = '\0';
}

void clock_format_seconds(int64_t wall_s, char out[CLOCK_TEXT_SIZE]) {
    int length = format_civil((time_t)wall_s, out);
    snprintf(out + length, (size_t)(CLOCK_TEXT_SIZE - length), "Z");
}

void clock_format_http(int64_t wall_ns, char out[CLOCK_TEXT_SIZE]) {
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t rest_ns;
    time_t seconds = split_seconds(wall_ns, &rest_ns);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    snprintf(out, CLOCK_TEXT_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
             months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

// Reads exactly `digits` digits whose value is in the range.
static bool read_number(const char **at, int digits, int min, int max, int *value) {
    int result = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        result = result * 10 + (**at - '0');
    }
    *value = result;
    return result >= min && result <= max;
}

static bool read_char(const char **at, char c) {
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

static bool read_date(const char **at, struct tm *tm) {
    return read_number(at, 4, 0, 9999, &tm->tm_year) && read_char(at, '-') && read_number(at, 2, 1, 12, &tm->tm_mon) &&
           read_char(at, '-') && read_number(at, 2, 1, 31, &tm->tm_mday);
}

static bool read_time_of_day(const char **at, struct tm *tm) {
    return read_number(at, 2, 0, 23, &tm->tm_hour) && read_char(at, ':') && read_number(at, 2, 0, 59, &tm->tm_min) &&
           read_char(at, ':') && read_number(at, 2, 0, 59, &tm->tm_sec);
}

// An optional fraction of a second. Digits after the ninth are ignored.
static bool read_fraction(const char **at, int64_t *ns) {
    *ns = 0;
    if (!read_char(at, '.') && !read_char(at, ','))
        return true;
    const char *start = *at;
    int64_t unit = NS_PER_S / 10;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        *ns += (**at - '0') * unit;
        unit /= 10;
    }
    return *at > start;
}

static bool read_offset(const char **at, int32_t *seconds) {
    *seconds = 0;
    if (read_char(at, 'Z'))
        return true;
    int sign = **at == '-' ? -1 : 1;
    int hours = 0;
    int minutes = 0;
    if ((!read_char(at, '+') && !read_char(at, '-')) || !read_number(at, 2, 0, 23, &hours) || !read_char(at, ':') ||
        !read_number(at, 2, 0, 59, &minutes))
        return false;
    *seconds = sign * (hours * 60 + minutes) * 60;
    return true;
}

// The civil time as seconds since 1970. Fails for a day that its month does not have.
static bool count_seconds(struct tm tm, int64_t *seconds) {
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    int day = tm.tm_mday;
    *seconds = (int64_t)timegm(&tm);
    return tm.tm_mday == day;
}

static int64_t saturated_ns(int64_t seconds, int64_t rest_ns) {
    int64_t ns;
    if (__builtin_mul_overflow(seconds, NS_PER_S, &ns))
        return seconds < 0 ? INT64_MIN : INT64_MAX;
    return clock_add_ns(ns, rest_ns);
}

bool clock_parse(const char *text, struct wall_time *time) {
    const int64_t zero_time_seconds = INT64_C(-62135596800); // 0001-01-01T00:00:00Z
    struct tm tm = {0};
    int64_t seconds;
    int64_t rest_ns;
    int32_t offset_seconds;
    if (!read_date(&text, &tm) || !read_char(&text, 'T') || !read_time_of_day(&text, &tm) ||
        !read_fraction(&text, &rest_ns) || !read_offset(&text, &offset_seconds) || *text != '\0' ||
        !count_seconds(tm, &seconds))
        return false;
    seconds -= offset_seconds;
    if (seconds == zero_time_seconds && rest_ns == 0) {
        *time = (struct wall_time){0};
        return true;
    }
    *time = (struct wall_time){saturated_ns(seconds, rest_ns), offset_seconds, true};
    return true;
}

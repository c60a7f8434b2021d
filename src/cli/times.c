// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/times.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define MOST_DAYS 60
#define SECONDS_PER_DAY 86400
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static int64_t floor_seconds(int64_t ns) {
    return ns / NS_PER_S - (ns % NS_PER_S < 0 ? 1 : 0);
}

// --- the local zone ---

static bool is_zone_file(const char *name) {
    const char *directory = getenv("TZDIR");
    AUTO_FREE char *path = path_join(text_is_empty(directory) ? "/usr/share/zoneinfo" : directory, name);
    char magic[4] = "";
    int fd = open(*name == '/' ? name : path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is_read = fd >= 0 && read(fd, magic, sizeof magic) == (ssize_t)sizeof magic;
    file_close_at(&fd);
    return is_read && memcmp(magic, "TZif", sizeof magic) == 0;
}

// "CET-1", "<+0530>-5:30", with the rules of the summer time behind it (POSIX, Base Definitions, 8.3).
static bool has_offset(const char *zone) {
    const char *end = zone + strspn(zone, LETTERS);
    if (*zone == '<')
        end = zone + 1 + strspn(zone + 1, LETTERS "0123456789+-");
    bool has_name = *zone == '<' ? *end++ == '>' : end - zone >= 3;
    end += has_name && (*end == '+' || *end == '-');
    size_t digits = has_name ? strspn(end, "0123456789") : 0;
    return digits == 1 || (digits == 2 && memcmp(end, "24", 2) < 0);
}

// glibc takes the time of a zone that it does not know for UTC, but names it by the first letters of TZ.
static bool zone_is_known(void) {
    const char *zone = getenv("TZ");
    if (zone == NULL)
        return true;
    zone += *zone == ':';
    return has_offset(zone) || (*zone != '\0' && is_zone_file(zone));
}

static struct tm local_time(int64_t ns) {
    struct tm parts = {0};
    int64_t seconds = floor_seconds(ns);
    if (!clock_local(seconds, &parts) || (parts.tm_gmtoff == 0 && !zone_is_known()))
        (void)!clock_utc(seconds, &parts);
    return parts;
}

// --- relative times ---

// The number of the calendar day, independent of clock changes on that day.
static int64_t day_number(const struct tm *parts) {
    struct tm midnight = {.tm_year = parts->tm_year, .tm_mon = parts->tm_mon, .tm_mday = parts->tm_mday};
    return timegm(&midnight) / SECONDS_PER_DAY;
}

void time_add_relative(struct buffer *out, int64_t wall_ns, int64_t now_ns) {
    struct tm then = local_time(wall_ns), now = local_time(now_ns);
    int64_t days = day_number(&then) - day_number(&now);
    char text[64];
    if (days < -MOST_DAYS || days > MOST_DAYS) {
        (void)strftime(text, sizeof text, "%Y-%m-%d", &then);
        buffer_add_string(out, text);
        return;
    }
    if (days < -1)
        buffer_printf(out, "%lld days ago,", (long long)-days);
    else if (days > 1)
        buffer_printf(out, "in %lld days,", (long long)days);
    else
        buffer_add_string(out, days < 0 ? "yesterday" : days > 0 ? "tomorrow" : "today");
    (void)strftime(text, sizeof text, " at %H:%M %Z", &then);
    buffer_add_string(out, text);
}

void time_add(struct buffer *out, const char *text, bool is_absolute) {
    struct wall_time time = {0};
    if (text == NULL || !clock_parse(text, &time) || !time.is_set) {
        buffer_add_char(out, '-');
    } else if (is_absolute) {
        char formatted[CLOCK_TEXT_SIZE];
        time.ns = floor_seconds(time.ns) * NS_PER_S;
        clock_format(time, formatted);
        buffer_add_string(out, formatted);
    } else {
        time_add_relative(out, time.ns, clock_wall_ns());
    }
}

void time_add_short_relative(struct buffer *out, int64_t wall_ns, int64_t now_ns) {
    struct tm then = local_time(wall_ns), now = local_time(now_ns);
    char text[64];
    (void)strftime(text, sizeof text, day_number(&then) == day_number(&now) ? "%H:%M" : "%Y-%m-%d", &then);
    buffer_add_string(out, text);
}

void time_add_short(struct buffer *out, const char *text) {
    struct wall_time time = {0};
    if (text == NULL || !clock_parse(text, &time) || !time.is_set)
        buffer_add_char(out, '-');
    else
        time_add_short_relative(out, time.ns, clock_wall_ns());
}

#define MINUTE 60.0
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define YEAR (365.25 * DAY)

struct span_unit {
    double seconds, smaller; // the unit below it
    char letter, smaller_letter;
};

static void add_part_of_minute(struct buffer *out, double seconds) {
    static const char *const units[] = {"s", "ms", "\xC2\xB5s", "ns"};
    size_t unit = 0;
    if (seconds >= 0.9995) {
        buffer_printf(out, seconds >= 9.995 ? "%.1fs" : "%.2fs", seconds);
        return;
    }
    for (; unit + 1 < ARRAY_COUNT(units) && seconds < 0.9995; unit++)
        seconds *= 1000;
    buffer_printf(out, seconds > 9.5 ? "%3.0f%s" : "%.1f%s", seconds, units[unit]);
}

// What is left of the seconds beside whole units.
static double rest_of(double seconds, double unit) {
    return seconds - unit * (double)(int64_t)(seconds / unit);
}

// `1h05m`: an amount of a unit and the rest in a smaller one.
static void add_two_units(struct buffer *out, double seconds, const struct span_unit *unit, int digits) {
    double rest = rest_of(seconds, unit->seconds);
    buffer_printf(out, "%.0f%c%0*.0f%c", (seconds - rest) / unit->seconds, unit->letter, digits, rest / unit->smaller,
                  unit->smaller_letter);
}

static void add_years(struct buffer *out, double years) {
    buffer_printf(out, years < 9.995 ? "%4.2fy" : years < 99.95 ? "%4.1fy" : "%4.0fy", years);
}

void duration_add_short(struct buffer *out, int64_t duration_ns) {
    static const struct span_unit minutes = {MINUTE, 1, 'm', 's'}, hours = {HOUR, MINUTE, 'h', 'm'},
                                  days = {DAY, HOUR, 'd', 'h'};
    double seconds = (double)duration_ns / (double)NS_PER_S;
    if (seconds < MINUTE)
        add_part_of_minute(out, seconds);
    else if (seconds < 10 * MINUTE)
        add_two_units(out, seconds, &minutes, 2);
    else if (seconds < 99.95 * MINUTE)
        buffer_printf(out, "%3.1fm", seconds / MINUTE);
    else if (seconds < 10 * HOUR)
        add_two_units(out, seconds, &hours, 2);
    else if (seconds < DAY && rest_of(seconds, HOUR) < 10 * MINUTE)
        add_two_units(out, seconds, &hours, 1);
    else if (seconds < DAY)
        buffer_printf(out, "%3.1fh", seconds / HOUR);
    else if (seconds < 10 * DAY)
        add_two_units(out, seconds, &days, 2);
    else if (seconds < 99.95 * DAY && rest_of(seconds, DAY) < 10 * HOUR)
        add_two_units(out, seconds, &days, 1);
    else if (seconds < 99.95 * DAY)
        buffer_printf(out, "%4.1fd", seconds / DAY);
    else if (seconds < 2 * YEAR)
        buffer_printf(out, "%4.0fd", seconds / DAY);
    else
        add_years(out, seconds / YEAR);
}

void time_add_millis(struct buffer *out, const char *text) {
    struct wall_time time = {0};
    char formatted[CLOCK_TEXT_SIZE];
    if (!clock_parse(text, &time)) {
        buffer_add_string(out, text);
        return;
    }
    // Formatted as if the zone were UTC; then "Z" is replaced by the offset.
    clock_format_millis(time.ns + time.offset_seconds * NS_PER_S, formatted);
    if (time.offset_seconds != 0) {
        int minutes = abs(time.offset_seconds) / 60;
        formatted[strlen(formatted) - 1] = '\0';
        buffer_printf(out, "%s%c%02d:%02d", formatted, time.offset_seconds < 0 ? '-' : '+', minutes / 60, minutes % 60);
    } else {
        buffer_add_string(out, formatted);
    }
}

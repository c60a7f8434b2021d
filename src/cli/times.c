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

struct span_unit {
    int64_t seconds, smaller; // the unit below it
    char letter, smaller_letter;
    int64_t limit; // in this unit
};

void duration_add_short(struct buffer *out, int64_t duration_ns) {
    static const struct span_unit units[] = {
        {60, 1, 'm', 's', 60}, {3600, 60, 'h', 'm', 24}, {SECONDS_PER_DAY, 3600, 'd', 'h', INT64_MAX}};
    int64_t seconds = duration_ns / NS_PER_S;
    const struct span_unit *unit = units;
    if (seconds < 60) {
        buffer_printf(out, seconds < 10 ? "%.2fs" : "%.1fs", (double)duration_ns / (double)NS_PER_S);
        return;
    }
    while (seconds / unit->seconds >= unit->limit)
        unit++;
    if (seconds / unit->seconds < 10) {
        buffer_printf(out, "%lld%c%02lld%c", (long long)(seconds / unit->seconds), unit->letter,
                      (long long)(seconds % unit->seconds / unit->smaller), unit->smaller_letter);
    } else {
        buffer_printf(out, "%.1f%c", (double)seconds / (double)unit->seconds, unit->letter);
    }
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

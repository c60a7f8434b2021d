// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/progress_bar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/amounts.h"
#include "cli/terminal.h"
#include "cli/times.h"
#include "cli/width.h"

#define CLEAR_LINE "\r\033[K"
#define DELAY_NS NS_PER_S
#define INTERVAL_NS (100 * NS_PER_MS)
#define GAUGE_LEAST 8 // columns, with its brackets
#define GAUGE_MOST 42
#define NAME_LEAST 8
#define LEFT_MAX_S 1e9 // longer than anybody waits

bool progress_bar_has_terminal(void) {
    return isatty(STDERR_FILENO) && !text_equal(getenv("TERM"), "dumb");
}

void progress_bar_init(struct progress_bar *bar, const char *name, int64_t total) {
    *bar = (struct progress_bar){.name = name, .total = total, .has_terminal = progress_bar_has_terminal()};
    bar->started_ns = clock_monotonic_ns();
}

// --- the line ---

// How much is done, how fast, and how long the rest takes.
static void add_numbers(const struct progress_bar *bar, uint64_t done, int64_t elapsed_ns, struct buffer *out) {
    double seconds = (double)elapsed_ns / (double)NS_PER_S;
    double rate = seconds > 0 ? (double)done / seconds : 0;
    bool has_total = bar->total >= 0 && done <= (uint64_t)bar->total;
    if (has_total)
        buffer_printf(out, " %3.0f%%", bar->total > 0 ? 100.0 * (double)done / (double)bar->total : 100.0);
    buffer_add_char(out, ' ');
    amount_add(out, done);
    buffer_add_char(out, ' ');
    amount_add(out, (uint64_t)rate);
    buffer_add_string(out, "/s");
    double left_s = has_total && rate > 0 ? ((double)bar->total - (double)done) / rate : LEFT_MAX_S;
    if (left_s >= LEFT_MAX_S)
        return;
    buffer_add_char(out, ' ');
    if (left_s < 60)
        buffer_printf(out, "%.0fs", left_s);
    else
        duration_add_short(out, (int64_t)left_s * NS_PER_S);
    buffer_add_string(out, " left");
}

static void add_gauge(const struct progress_bar *bar, uint64_t done, size_t columns, struct buffer *out) {
    size_t inside = columns - strlen(" []");
    size_t filled = bar->total > 0 ? (size_t)((double)inside * (double)done / (double)bar->total) : inside;
    buffer_add_string(out, " [");
    for (size_t i = 0; i < inside; i++)
        buffer_add_char(out, i < filled ? '=' : i == filled ? '>' : ' ');
    buffer_add_char(out, ']');
}

// The name is cut off before the gauge is left out. Numbers that do not fit are left out too.
void progress_bar_format(const struct progress_bar *bar, uint64_t done, int64_t elapsed_ns, size_t width,
                         struct buffer *out) {
    AUTO_BUFFER struct buffer name = BUFFER_INIT(BUFFER_NO_LIMIT), numbers = BUFFER_INIT(BUFFER_NO_LIMIT);
    width_add_shown(&name, bar->name, "");
    add_numbers(bar, done, elapsed_ns, &numbers);
    size_t name_width = width_of(buffer_text(&name));
    if (numbers.length + NAME_LEAST > width)
        buffer_clear(&numbers);
    size_t room = width - numbers.length;
    bool has_gauge = bar->total >= 0 && done <= (uint64_t)bar->total && room >= NAME_LEAST + GAUGE_LEAST;
    size_t name_room = has_gauge ? room - GAUGE_LEAST : room;
    buffer_add(out, buffer_text(&name), width_cut(buffer_text(&name), name_room, &name_width));
    if (has_gauge)
        add_gauge(bar, done, room - name_width < GAUGE_MOST ? room - name_width : GAUGE_MOST, out);
    buffer_add(out, numbers.data, numbers.length);
}

// --- the terminal ---

void progress_bar_update(struct progress_bar *bar, uint64_t done) {
    if (!bar->has_terminal)
        return;
    int64_t now_ns = clock_monotonic_ns();
    if (now_ns - bar->started_ns < DELAY_NS || (bar->has_line && now_ns - bar->shown_ns < INTERVAL_NS))
        return;
    AUTO_BUFFER struct buffer line = BUFFER_INIT(BUFFER_NO_LIMIT);
    int columns = terminal_width(STDERR_FILENO) - 1;
    progress_bar_format(bar, done, now_ns - bar->started_ns, columns > 0 ? (size_t)columns : 0, &line);
    (void)fprintf(stderr, CLEAR_LINE "%s", buffer_text(&line));
    (void)fflush(stderr);
    bar->has_line = true;
    bar->shown_ns = now_ns;
}

void progress_bar_finish(struct progress_bar *bar) {
    if (bar->has_line)
        (void)fputs(CLEAR_LINE, stderr);
    (void)fflush(stderr);
    bar->has_line = false;
}

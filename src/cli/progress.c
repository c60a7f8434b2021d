// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "cli/width.h"

#define CLEAR_LINE "\r\033[K"
#define SPINNER "|/-\\"
#define SPINNER_COLUMNS 2
#define SUMMARY_LEAST 12

void progress_init(struct progress *progress) {
    *progress = (struct progress){.has_terminal = isatty(STDOUT_FILENO) && !text_equal(getenv("TERM"), "dumb")};
    map_init(&progress->last_logs, free);
    map_init(&progress->begins, free);
}

static void clear_line(struct progress *progress) {
    if (progress->has_line)
        (void)fputs(CLEAR_LINE, stdout);
    progress->has_line = false;
}

static void show_log(struct progress *progress, const struct pebble_task *task) {
    size_t count = pebble_task_log_count(task);
    const char *line = count > 0 ? pebble_task_log_at(task, count - 1) : NULL;
    if (line == NULL || text_equal(map_get(&progress->last_logs, pebble_task_id(task)), line))
        return;
    map_set(&progress->last_logs, pebble_task_id(task), memory_string(line));
    clear_line(progress);
    AUTO_BUFFER struct buffer shown = BUFFER_INIT(BUFFER_NO_LIMIT);
    if (progress->has_terminal)
        text_add_shown(&shown, line, "\t");
    else
        buffer_add_string(&shown, line);
    (void)fprintf(stdout, "%s\n", buffer_text(&shown));
}

// How long the task has been seen in progress.
static int64_t elapsed_ns(struct progress *progress, const struct pebble_task *task) {
    int64_t now_ns = clock_monotonic_ns(), *since_ns = map_get(&progress->begins, pebble_task_id(task));
    if (since_ns == NULL) {
        since_ns = memory_copy(&now_ns, sizeof now_ns);
        map_set(&progress->begins, pebble_task_id(task), since_ns);
    }
    return now_ns - *since_ns;
}

static bool is_finished(const struct pebble_task *task) {
    static const char *const names[] = {"Done", "Error", "Hold", "Undone"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (text_equal(pebble_task_status(task), names[i]))
            return true;
    }
    return false;
}

static void add_position(struct buffer *out, const struct pebble_change *change) {
    size_t count = pebble_change_task_count(change), finished = 0;
    for (size_t i = 0; i < count; i++)
        finished += is_finished(pebble_change_task_at(change, i)) ? 1 : 0;
    if (count > 1)
        buffer_printf(out, "%zu/%zu ", finished, count);
}

static void add_measures(struct buffer *out, const struct pebble_task *task, int64_t elapsed_ns) {
    int64_t done = pebble_task_progress_done(task), total = pebble_task_progress_total(task);
    int64_t seconds = elapsed_ns / NS_PER_S;
    if (total > 1)
        buffer_printf(out, " %3.0f%%", 100.0 * (double)done / (double)total);
    if (seconds >= 60)
        buffer_printf(out, " (%" PRId64 "m%02ds)", seconds / 60, (int)(seconds % 60));
    else if (seconds >= 1)
        buffer_printf(out, " (%ds)", (int)seconds);
}

void progress_format(const struct pebble_change *change, const struct pebble_task *task, int64_t elapsed_ns,
                     size_t width, struct buffer *out) {
    AUTO_BUFFER struct buffer position = BUFFER_INIT(BUFFER_NO_LIMIT), measures = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_BUFFER struct buffer summary = BUFFER_INIT(BUFFER_NO_LIMIT);
    add_position(&position, change);
    add_measures(&measures, task, elapsed_ns);
    width_add_shown(&summary, pebble_task_summary(task), "");
    if (position.length + measures.length + SUMMARY_LEAST > width)
        buffer_clear(&position);
    if (measures.length + SUMMARY_LEAST > width)
        buffer_clear(&measures);
    buffer_add_string(out, buffer_text(&position));
    width_add_short(out, buffer_text(&summary), width - position.length - measures.length, false);
    buffer_add_string(out, buffer_text(&measures));
}

static void show_line(struct progress *progress, const struct pebble_change *change, const struct pebble_task *task) {
    AUTO_BUFFER struct buffer line = BUFFER_INIT(BUFFER_NO_LIMIT);
    int columns = terminal_width(STDOUT_FILENO) - SPINNER_COLUMNS - 1;
    progress_format(change, task, elapsed_ns(progress, task), columns > 0 ? (size_t)columns : 0, &line);
    clear_line(progress);
    (void)fprintf(stdout, "%s%c %s%s", terminal_style(STDOUT_FILENO, STYLE_DIM),
                  SPINNER[progress->spinner_position++ % 4], buffer_text(&line),
                  terminal_style(STDOUT_FILENO, STYLE_PLAIN));
    progress->has_line = true;
}

void progress_show(struct progress *progress, const struct pebble_change *change) {
    const struct pebble_task *current = NULL;
    progress->is_stopping = false;
    for (size_t i = 0; i < pebble_change_task_count(change); i++) {
        const struct pebble_task *task = pebble_change_task_at(change, i);
        if (!text_equal(pebble_task_status(task), "Doing"))
            continue;
        progress->is_stopping = progress->is_stopping || text_equal(pebble_task_kind(task), "stop");
        if (pebble_task_progress_total(task) <= 1)
            show_log(progress, task);
        (void)elapsed_ns(progress, task); // begins to count
        if (current == NULL)
            current = task;
    }
    if (progress->has_terminal && current != NULL)
        show_line(progress, change, current);
    (void)fflush(stdout);
}

void progress_show_words(struct progress *progress, const char *words) {
    AUTO_BUFFER struct buffer line = BUFFER_INIT(BUFFER_NO_LIMIT), shown = BUFFER_INIT(BUFFER_NO_LIMIT);
    int columns = terminal_width(STDOUT_FILENO) - 1;
    if (!progress->has_terminal)
        return;
    width_add_shown(&shown, words, "");
    width_add_short(&line, buffer_text(&shown), columns > 0 ? (size_t)columns : 0, false);
    clear_line(progress);
    (void)fprintf(stdout, "%s%s%s", terminal_style(STDOUT_FILENO, STYLE_DIM), buffer_text(&line),
                  terminal_style(STDOUT_FILENO, STYLE_PLAIN));
    progress->has_line = true;
    (void)fflush(stdout);
}

void progress_clear(struct progress *progress) {
    clear_line(progress);
    (void)fflush(stdout);
}

void progress_finish(struct progress *progress) {
    progress_clear(progress);
    map_finish(&progress->last_logs);
    map_finish(&progress->begins);
}

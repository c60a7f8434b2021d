// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "cli/terminal.h"

#define CLEAR_LINE "\r\033[K"
#define SPINNER "|/-\\"

void progress_init(struct progress *progress) {
    *progress = (struct progress){.has_terminal = isatty(STDOUT_FILENO) && !text_equal(getenv("TERM"), "dumb")};
    map_init(&progress->last_logs, free);
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
    (void)fprintf(stdout, "%s\n", line);
}

// The first `width` characters of the text.
static size_t cut_length(const char *text, size_t width) {
    size_t length = 0;
    while (text[length] != '\0' && width-- > 0) {
        unsigned code_point;
        bool is_valid;
        length += utf8_decode(text + length, strlen(text + length), &code_point, &is_valid);
    }
    return length;
}

static void show_line(struct progress *progress, const struct pebble_task *task) {
    char share[16] = "";
    const char *summary = pebble_task_summary(task);
    int64_t done = pebble_task_progress_done(task), total = pebble_task_progress_total(task);
    if (total > 1)
        (void)snprintf(share, sizeof share, " %3.0f%%", 100.0 * (double)done / (double)total);
    int columns = terminal_width(STDOUT_FILENO) - (int)strlen(share) - 3;
    size_t width = columns > 0 ? (size_t)columns : 0;
    clear_line(progress);
    (void)fprintf(stdout, "%s%c %.*s%s%s", terminal_style(STDOUT_FILENO, STYLE_DIM),
                  SPINNER[progress->spinner_position++ % 4], (int)cut_length(summary, width), summary, share,
                  terminal_style(STDOUT_FILENO, STYLE_PLAIN));
    progress->has_line = true;
}

void progress_show(struct progress *progress, const struct pebble_change *change) {
    const struct pebble_task *current = NULL;
    for (size_t i = 0; i < pebble_change_task_count(change); i++) {
        const struct pebble_task *task = pebble_change_task_at(change, i);
        if (!text_equal(pebble_task_status(task), "Doing"))
            continue;
        if (pebble_task_progress_total(task) <= 1)
            show_log(progress, task);
        if (current == NULL)
            current = task;
    }
    if (progress->has_terminal && current != NULL)
        show_line(progress, current);
    (void)fflush(stdout);
}

void progress_finish(struct progress *progress) {
    clear_line(progress);
    (void)fflush(stdout);
    map_finish(&progress->last_logs);
}

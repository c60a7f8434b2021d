// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/compiler.h"
#include "cli/progress.h"

static char *show(struct pebble_change *changes, size_t count, bool has_terminal) {
    char *text = NULL;
    size_t size;
    struct progress progress;
    FILE *kept = stdout;
    stdout = open_memstream(&text, &size);
    progress_init(&progress);
    progress.has_terminal = has_terminal;
    for (size_t i = 0; i < count; i++)
        progress_show(&progress, &changes[i]);
    progress_finish(&progress);
    fclose(stdout);
    stdout = kept;
    return text;
}

static char first[] = "first line", second[] = "second line", one[] = "1", two[] = "2", doing[] = "Doing",
            done[] = "Done", summary[] = "Start it";
static char *logs[] = {first, second};

static void shows_each_last_line_once(void **state UNUSED) {
    struct pebble_task steps[][2] = {
        {{.id = one, .status = doing, .summary = summary}, {.id = two, .status = done, .log = logs, .log_count = 1}},
        {{.id = one, .status = doing, .summary = summary, .log = logs, .log_count = 1}, {.id = two, .status = done}},
        {{.id = one, .status = doing, .summary = summary, .log = logs, .log_count = 1}, {.id = two, .status = done}},
        {{.id = one, .status = doing, .summary = summary, .log = logs, .log_count = 2}, {.id = two, .status = done}},
        {{.id = one, .status = done, .summary = summary, .log = logs, .log_count = 1}, {.id = two, .status = done}},
    };
    struct pebble_change changes[5];
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++)
        changes[i] = (struct pebble_change){.tasks = steps[i], .task_count = 2};
    char *text = show(changes, ARRAY_COUNT(changes), false);
    assert_string_equal(text, "first line\nsecond line\n");
    free(text);
}

static void measured_tasks_show_no_log(void **state UNUSED) {
    struct pebble_task task = {
        .id = one, .status = doing, .summary = summary, .log = logs, .log_count = 1, .progress_total = 5};
    struct pebble_change change = {.tasks = &task, .task_count = 1};
    char *text = show(&change, 1, false);
    assert_string_equal(text, "");
    free(text);
}

static void a_terminal_has_one_line(void **state UNUSED) {
    struct pebble_task steps[] = {
        {.id = one, .status = doing, .summary = summary},
        {.id = one, .status = doing, .summary = summary, .log = logs, .log_count = 1, .progress_total = 1},
        {.id = one, .status = doing, .summary = summary, .progress_done = 1, .progress_total = 4},
        {.id = one, .status = done, .summary = summary},
    };
    struct pebble_change changes[4];
    for (size_t i = 0; i < ARRAY_COUNT(changes); i++)
        changes[i] = (struct pebble_change){.tasks = &steps[i], .task_count = 1};
    (void)setenv("NO_COLOR", "1", 1);
    char *text = show(changes, ARRAY_COUNT(changes), true);
    assert_string_equal(text, "| Start it"
                              "\r\033[Kfirst line\n/ Start it"
                              "\r\033[K- Start it  25%"
                              "\r\033[K");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_each_last_line_once),
        cmocka_unit_test(measured_tasks_show_no_log),
        cmocka_unit_test(a_terminal_has_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

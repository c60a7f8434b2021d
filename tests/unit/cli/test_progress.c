// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../client/fake_daemon.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/progress.h"

// The changes of a list, as the daemon sends it.
static struct pebble_changes *read_changes(const char *list) {
    const struct fake_response script[] = {{.result = list}};
    char *path = fake_socket_path();
    struct fake_daemon *daemon = fake_daemon_start(path, script, 1);
    const struct pebble_client_options options = {.size = sizeof options, .socket_path = path};
    struct pebble_client *client = NULL;
    struct pebble_changes *changes = NULL;
    assert_true(pebble_client_create(&options, &client, NULL));
    assert_true(pebble_get_changes(client, "all", NULL, &changes, NULL));
    pebble_client_destroy(client);
    fake_daemon_stop(daemon, NULL);
    fake_socket_remove(path);
    return changes;
}

// Shows one after the other, and returns what was written. Owned.
static char *show(const char *list, bool has_terminal) {
    char *text = NULL;
    size_t size;
    struct progress progress;
    struct pebble_changes *changes = read_changes(list);
    FILE *kept = stdout;
    stdout = open_memstream(&text, &size);
    progress_init(&progress);
    progress.has_terminal = has_terminal;
    for (size_t i = 0; i < pebble_changes_count(changes); i++)
        progress_show(&progress, pebble_changes_at(changes, i));
    progress_finish(&progress);
    fclose(stdout);
    stdout = kept;
    pebble_changes_destroy(changes);
    return text;
}

#define TASK(id, status, more) "{\"id\":\"" id "\",\"status\":\"" status "\",\"summary\":\"Start it\"" more "}"
#define FIRST ",\"log\":[\"first line\"]"
#define BOTH ",\"log\":[\"first line\",\"second line\"]"
#define TOTAL(done, total) ",\"progress\":{\"label\":\"\",\"done\":" #done ",\"total\":" #total "}"
#define CHANGE(tasks) "{\"tasks\":[" tasks "]}"

static void shows_each_last_line_once(void **state UNUSED) {
    AUTO_FREE char *text = show(
        "[" CHANGE(TASK("1", "Doing", "") "," TASK("2", "Done", FIRST)) "," CHANGE(TASK("1", "Doing", FIRST) "," TASK(
            "2", "Done",
            "")) "," CHANGE(TASK("1", "Doing",
                                 FIRST) "," TASK("2", "Done",
                                                 "")) "," CHANGE(TASK("1", "Doing",
                                                                      BOTH) "," TASK("2", "Done",
                                                                                     "")) "," CHANGE(TASK("1", "Done",
                                                                                                          FIRST) "," TASK("2",
                                                                                                                          "Done",
                                                                                                                          "")) "]",
        false);
    assert_string_equal(text, "first line\nsecond line\n");
}

static void measured_tasks_show_no_log(void **state UNUSED) {
    AUTO_FREE char *text = show("[" CHANGE(TASK("1", "Doing", FIRST TOTAL(0, 5))) "]", false);
    assert_string_equal(text, "");
}

static void a_terminal_has_one_line(void **state UNUSED) {
    (void)setenv("NO_COLOR", "1", 1);
    AUTO_FREE char *text =
        show("[" CHANGE(TASK("1", "Doing", "")) "," CHANGE(TASK("1", "Doing", FIRST TOTAL(0, 1))) "," CHANGE(
                 TASK("1", "Doing", TOTAL(1, 4))) "," CHANGE(TASK("1", "Done", "")) "]",
             true);
    assert_string_equal(text, "| Start it"
                              "\r\033[Kfirst line\n/ Start it"
                              "\r\033[K- Start it  25%"
                              "\r\033[K");
}

static void assert_line(const char *list, int64_t elapsed_ns, size_t width, const char *expected) {
    struct pebble_changes *changes = read_changes(list);
    const struct pebble_change *change = pebble_changes_at(changes, 0);
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    progress_format(change, pebble_change_task_at(change, 1), elapsed_ns, width, &out);
    assert_string_equal(buffer_text(&out), expected);
    pebble_changes_destroy(changes);
}

#define SUMMARY(id, summary, status) "{\"id\":\"" id "\",\"status\":\"" status "\",\"summary\":\"" summary "\"}"
#define THREE(summary)                                                                                                 \
    "[" CHANGE(SUMMARY("1", "First", "Done") "," SUMMARY("2", summary, "Doing") "," SUMMARY("3", "Last", "Do")) "]"

static void the_line_says_what_and_how_long(void **state UNUSED) {
    (void)setenv("LC_ALL", "C", 1);
    assert_line(THREE("Start it now, please"), 999 * NS_PER_MS, 60, "1/3 Start it now, please");
    assert_line(THREE("Start it now, please"), 12 * NS_PER_S, 60, "1/3 Start it now, please (12s)");
    assert_line(THREE("Start it now, please"), 3601 * NS_PER_S, 60, "1/3 Start it now, please (60m01s)");
    assert_line(THREE("Start it now, please"), 12 * NS_PER_S, 25, "1/3 Start it now... (12s)");
    assert_line(THREE("Start it now, please"), 12 * NS_PER_S, 20, "Start it no... (12s)");
    assert_line(THREE("Start it now, please"), 12 * NS_PER_S, 12, "Start it ...");
    assert_line(THREE("Start it now, please"), 12 * NS_PER_S, 0, "");
    assert_line(THREE("\\u001b[2J\\u00e9"), 0, 60, "1/3 \\x1b[2J\\u00e9");
    (void)setenv("LC_ALL", "C.UTF-8", 1);
    assert_line(THREE("\\u6570\\u636e\\u6570\\u636e"), 0, 7, "\xE6\x95\xB0\xE6\x8D\xAE\xE6\x95\xB0\xE2\x80\xA6");
    (void)unsetenv("LC_ALL");
}

static void logs_do_no_harm_to_a_terminal(void **state UNUSED) {
    AUTO_FREE char *text = show("[" CHANGE(TASK("1", "Doing", ",\"log\":[\"\\u001b[2J\"]")) "]", true);
    assert_non_null(strstr(text, "\\x1b[2J\n"));
    AUTO_FREE char *piped = show("[" CHANGE(TASK("1", "Doing", ",\"log\":[\"\\u001b[2J\"]")) "]", false);
    assert_string_equal(piped, "\033[2J\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_each_last_line_once),     cmocka_unit_test(measured_tasks_show_no_log),
        cmocka_unit_test(a_terminal_has_one_line),       cmocka_unit_test(the_line_says_what_and_how_long),
        cmocka_unit_test(logs_do_no_harm_to_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

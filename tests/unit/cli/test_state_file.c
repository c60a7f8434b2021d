// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli/state_file.h"

static char folder[64], path[128];

static int set_up(void **state UNUSED) {
    (void)snprintf(folder, sizeof folder, "/tmp/test-state-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/pebble/cli.json", folder);
    return setenv("XDG_CONFIG_HOME", folder, 1);
}

static int tear_down(void **state UNUSED) {
    AUTO_FREE char *inner = path_join(folder, "pebble");
    (void)unlink(path);
    (void)rmdir(inner);
    return rmdir(folder);
}

static void write_file(const char *text) {
    AUTO_FREE char *inner = path_join(folder, "pebble");
    const struct iovec piece = {.iov_base = (void *)(uintptr_t)text, .iov_len = __builtin_strlen(text)};
    assert_true(directory_create_all(inner, 0700, NULL));
    assert_true(file_write_atomic(path, &piece, 1, 0600, NULL));
}

static void accepts_missing_and_empty_files(void **state UNUSED) {
    static const char *const texts[] = {
        "null", "{}", "{\"pebble\": null}", "{\"pebble\": {\"/s\": null}}",
        "{\"pebble\": {\"/other\": {\"notices-last-listed\": \"2024-01-02T03:04:05Z\"}}}"};
    struct state_file file;
    assert_true(state_file_load("/s", &file, NULL));
    assert_false(file.moments[NOTICES_LISTED].is_set);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        write_file(texts[i]);
        assert_true(state_file_load("/s", &file, NULL));
        assert_false(file.moments[NOTICES_LISTED].is_set);
        assert_true(state_file_save("/s", &file, NULL));
    }
}

static void refuses_broken_files(void **state UNUSED) {
    static const char *const texts[] = {"",
                                        "{\"pebble\": ",
                                        "[]",
                                        "{\"pebble\": 5}",
                                        "{\"pebble\": {\"/s\": []}}",
                                        "{\"pebble\": {\"/s\": {\"notices-last-listed\": \"soon\"}}}"};
    AUTO_FREE char *begun = memory_printf("cannot load CLI state: %s: ", path);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct state_file file;
        AUTO_ERROR struct error err = {0};
        write_file(texts[i]);
        assert_false(state_file_load("/s", &file, &err));
        assert_true(text_has_prefix(error_text(&err), begun));
    }
}

static void keeps_other_entries(void **state UNUSED) {
    struct state_file file = {0}, again;
    struct stat about;
    write_file(
        "{\"pebble\": {\"/other\": {\"notices-last-listed\": \"2024-01-02T03:04:05.000000007Z\"}}, \"more\": 1}");
    assert_true(clock_parse("2026-01-02T03:04:05.000000007Z", &file.moments[WARNINGS_OKAYED]));
    assert_true(state_file_save("/s", &file, NULL));
    assert_true(state_file_load("/s", &again, NULL));
    assert_true(again.moments[WARNINGS_OKAYED].ns == file.moments[WARNINGS_OKAYED].ns);
    assert_false(again.moments[WARNINGS_LISTED].is_set);
    assert_true(state_file_load("/other", &again, NULL));
    assert_int_equal(again.moments[NOTICES_LISTED].ns % NS_PER_S, 7);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

static void follows_the_environment(void **state UNUSED) {
    struct state_file file = {0};
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *here = getcwd(NULL, 0);
    AUTO_FREE char *inner = path_join(folder, ".config/pebble/cli.json");
    assert_int_equal(chdir(folder), 0);
    // Nothing is to be written below the current directory.
    for (int is_empty = 0; is_empty < 2; is_empty++) {
        assert_int_equal(is_empty ? setenv("XDG_CONFIG_HOME", "", 1) : unsetenv("XDG_CONFIG_HOME"), 0);
        assert_int_equal(is_empty ? setenv("HOME", "", 1) : unsetenv("HOME"), 0);
        assert_true(state_file_load("/s", &file, NULL));
        assert_false(state_file_save("/s", &file, &err));
        assert_string_equal(error_text(&err), "cannot save CLI state: neither XDG_CONFIG_HOME nor HOME is set");
        error_clear(&err);
    }
    assert_int_equal(access(inner, F_OK), -1);
    assert_int_equal(setenv("HOME", folder, 1), 0);
    assert_true(state_file_save("/s", &file, NULL));
    assert_int_equal(unlink(inner), 0);
    assert_int_equal(rmdir(".config/pebble"), 0);
    assert_int_equal(rmdir(".config"), 0);
    assert_int_equal(chdir(here), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(accepts_missing_and_empty_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_broken_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_other_entries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(follows_the_environment, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

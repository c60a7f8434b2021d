// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/file.h"
#include "base/memory.h"
#include "temporary.h"
#include "testing/place_internal.h"
#include "testing/removal_internal.h"

static const struct pebble_test_layer layers[] = {{"one", "services: {}\n"}, {"two", ""}};

static void directories_are_made(void **state UNUSED) {
    char *parent = temporary_create();
    assert_int_equal(setenv("TMPDIR", parent, 1), 0);
    const struct testing_options options = {.given = {.layers = layers, .layer_count = 2}};
    struct testing_place place;
    struct stat status;
    testing_place_init(&place);
    assert_true(testing_place_create(&place, NULL));
    assert_false(file_exists(place.directory));
    assert_int_equal(mkdir(place.directory, 0700), 0);
    assert_true(testing_place_fill(&place, &options, NULL));
    struct pebble_error error = {0};
    assert_false(testing_place_fill(&place, &options, &error)); // it is full
    assert_int_equal(error.kind, PEBBLE_ERROR_FILE);
    pebble_error_clear(&error);
    assert_int_equal(stat(place.directory, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_true(text_has_prefix(place.directory, parent));
    AUTO_FREE char *first = path_join(place.daemon_directory, "layers/001-one.yaml");
    AUTO_FREE char *second = path_join(place.daemon_directory, "layers/002-two.yaml");
    AUTO_BUFFER struct buffer text = BUFFER_INIT(100);
    assert_true(file_read(first, &text, NULL));
    assert_string_equal(buffer_text(&text), "services: {}\n");
    assert_true(file_exists(second));
    AUTO_FREE char *empty = testing_place_read_log(&place, 100);
    assert_string_equal(empty, "");
    assert_int_equal(write(place.log_fd, "a\0b\nlast", 8), 8);
    AUTO_FREE char *log = testing_place_read_log(&place, 100), *last = testing_place_read_log(&place, 4);
    assert_string_equal(log, "a\xef\xbf\xbd"
                             "b\nlast");
    assert_string_equal(last, "last");
    assert_true(testing_remove_tree(place.parent_fd, place.name));
    assert_int_equal(access(place.directory, F_OK), -1);
    AUTO_FREE char *none = testing_place_read_log(&place, 100);
    assert_string_equal(none, "");
    testing_place_finish(&place);
    temporary_remove(parent);
}

static void assert_refused(const char *parent, enum pebble_error_kind kind, const char *begin) {
    struct testing_place place;
    struct pebble_error error = {0};
    testing_place_init(&place);
    assert_int_equal(setenv("TMPDIR", parent, 1), 0);
    assert_false(testing_place_create(&place, &error));
    assert_int_equal(error.kind, kind);
    assert_true(text_has_prefix(error.message, begin));
    assert_null(place.directory);
    pebble_error_clear(&error);
}

static void failures(void **state UNUSED) {
    assert_refused("/none", PEBBLE_ERROR_FILE, "cannot create temporary directory: /none: no such file");
    assert_refused("/etc/passwd", PEBBLE_ERROR_FILE, "cannot create temporary directory: /etc/passwd: not a directory");
    assert_int_equal(unsetenv("TMPDIR"), 0);
    char *parent = temporary_create();
    AUTO_FREE char *long_path = memory_printf("%s/%090d", parent, 0);
    assert_int_equal(mkdir(long_path, 0700), 0);
    assert_refused(long_path, PEBBLE_ERROR_ARGUMENT, "cannot use TMPDIR ");
    assert_int_equal(rmdir(long_path), 0);
    temporary_remove(parent);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(directories_are_made), cmocka_unit_test(failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

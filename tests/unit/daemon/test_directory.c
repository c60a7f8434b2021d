// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/daemon_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

static void assert_refused(const char *directory, const char *reason) {
    struct daemon_options options = {.directory = directory, .socket_path = "/x", .persists = true};
    AUTO_ERROR struct error err = {0};
    assert_false(daemon_prepare_directory(&options, &err));
    assert_string_equal(error_text(&err), reason);
}

static void what_is_no_directory_is_refused(void **unused UNUSED) {
    assert_refused("pebble", "directory \"pebble\" must be absolute");
    assert_refused("/no/such/folder", "directory \"/no/such/folder\" does not exist");
    assert_refused("/etc/passwd", "directory \"/etc/passwd\" does not exist");
}

static void write_file(const char *path, const char *text) {
    struct iovec piece = {.iov_base = memory_string(text), .iov_len = strlen(text)};
    assert_true(file_write_atomic(path, &piece, 1, 0644, NULL));
    free(piece.iov_base);
}

static void copied_once_into_an_empty_directory(void **unused UNUSED) {
    char folder[] = "/tmp/test-directory-XXXXXX";
    assert_non_null(mkdtemp(folder));
    AUTO_FREE char *source = path_join(folder, "source");
    AUTO_FREE char *target = path_join(folder, "deep/target");
    AUTO_FREE char *first = path_join(source, "first");
    AUTO_FREE char *second = path_join(source, "second");
    AUTO_FREE char *copied = path_join(target, "first");
    AUTO_FREE char *not_copied = path_join(target, "second");
    assert_true(directory_create_all(source, 0755, NULL));
    write_file(first, "1");
    struct daemon_options options = {
        .directory = target, .socket_path = "/x", .copy_source = source, .creates_directory = true};
    AUTO_ERROR struct error err = {0};
    assert_true(daemon_prepare_directory(&options, &err));
    struct stat status;
    assert_int_equal(stat(target, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_true(file_exists(copied));
    write_file(second, "2");
    assert_true(daemon_prepare_directory(&options, &err));
    assert_false(file_exists(not_copied));
    AUTO_FREE char *command = memory_printf("rm -r '%s'", folder);
    assert_int_equal(system(command), 0);
}

static void a_missing_source_is_passed_over(void **unused UNUSED) {
    struct daemon_options options = {.directory = "/tmp", .socket_path = "/x", .copy_source = "/no/such/folder"};
    AUTO_ERROR struct error err = {0};
    assert_true(daemon_prepare_directory(&options, &err));
}

static void boot_id_is_the_kernels(void **unused UNUSED) {
    AUTO_FREE char *boot_id = daemon_boot_id();
    assert_int_equal(strlen(boot_id), 36);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_directory_is_refused),
        cmocka_unit_test(copied_once_into_an_empty_directory),
        cmocka_unit_test(a_missing_source_is_passed_over),
        cmocka_unit_test(boot_id_is_the_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

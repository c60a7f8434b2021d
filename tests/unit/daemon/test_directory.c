// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/daemon_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

struct place {
    char folder[32];
    char *source, *target;
    struct daemon_options options;
};

static void place_init(struct place *place) {
    *place = (struct place){.folder = "/tmp/test-directory-XXXXXX"};
    assert_non_null(mkdtemp(place->folder));
    place->source = path_join(place->folder, "source");
    place->target = path_join(place->folder, "deep/target");
    place->options = (struct daemon_options){
        .directory = place->target, .socket_path = "/x", .copy_source = place->source, .creates_directory = true};
    assert_true(directory_create_all(place->source, 0755, NULL));
}

static void place_finish(struct place *place) {
    assert_true(directory_remove_tree(place->folder, NULL));
    free(place->source);
    free(place->target);
}

static void put(const char *directory, const char *name) {
    AUTO_FREE char *path = path_join(directory, name);
    write_file(path, "1");
}

static void copy(struct place *place) {
    AUTO_ERROR struct error err = {0};
    bool is_busy;
    if (!daemon_prepare_directory(&place->options, &err) || !daemon_copy_once(&place->options, &is_busy, &err))
        fail_msg("%s", error_text(&err));
}

static void assert_target(const struct place *place, const char *expected) {
    AUTO_TEXT_LIST struct text_list names = {0};
    assert_true(directory_list(place->target, &names, NULL));
    AUTO_FREE char *text = text_list_join(&names, " ");
    assert_string_equal(text, expected);
}

static void copied_once_into_an_empty_directory(void **unused UNUSED) {
    struct place place;
    place_init(&place);
    put(place.source, "first");
    copy(&place);
    struct stat status;
    assert_int_equal(stat(place.target, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    put(place.source, "second");
    copy(&place);
    assert_target(&place, "first");
    place_finish(&place);
}

static void interrupted_copy_begins_anew(void **unused UNUSED) {
    struct place place;
    place_init(&place);
    put(place.source, "first");
    put(place.source, "second");
    AUTO_FREE char *partial = path_join(place.target, ".pebble.copy-partial");
    assert_true(directory_create_all(partial, 0700, NULL));
    put(partial, "first");
    put(partial, "gone");
    copy(&place);
    assert_target(&place, "first second");
    place_finish(&place);
}

static void interrupted_move_goes_on(void **unused UNUSED) {
    struct place place;
    place_init(&place);
    put(place.source, "first");
    put(place.source, "second");
    AUTO_FREE char *complete = path_join(place.target, ".pebble.copy");
    assert_true(directory_create_all(complete, 0700, NULL));
    put(complete, "second");
    put(place.target, "first");
    copy(&place);
    assert_target(&place, "first second");
    place_finish(&place);
}

static void two_copies_do_not_mix(void **unused UNUSED) {
    struct place place;
    place_init(&place);
    put(place.source, "first");
    AUTO_FREE char *partial = path_join(place.target, ".pebble.copy-partial");
    assert_true(directory_create_all(partial, 0700, NULL));
    put(partial, "of another daemon");
    AUTO_CLOSE int fd = open(partial, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    AUTO_ERROR struct error err = {0};
    bool is_busy = false;
    assert_false(daemon_copy_once(&place.options, &is_busy, &err));
    assert_true(is_busy);
    assert_target(&place, ".pebble.copy-partial");
    file_close_at(&fd);
    copy(&place);
    assert_target(&place, "first");
    place_finish(&place);
}

static void failed_copy_leaves_nothing(void **unused UNUSED) {
    struct place place;
    place_init(&place);
    put(place.source, "first");
    AUTO_FREE char *fifo = path_join(place.source, "fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    AUTO_ERROR struct error err = {0};
    bool is_busy;
    assert_true(daemon_prepare_directory(&place.options, &err));
    assert_false(daemon_copy_once(&place.options, &is_busy, &err));
    AUTO_FREE char *expected =
        memory_printf("cannot copy \"%s\" to \"%s\": copy %s: invalid argument", place.source, place.target, fifo);
    assert_string_equal(error_text(&err), expected);
    assert_target(&place, "");
    place_finish(&place);
}

static void a_missing_source_is_passed_over(void **unused UNUSED) {
    struct daemon_options options = {.directory = "/tmp", .socket_path = "/x", .copy_source = "/no/such/folder"};
    AUTO_ERROR struct error err = {0};
    bool is_busy;
    assert_true(daemon_prepare_directory(&options, &err));
    assert_true(daemon_copy_once(&options, &is_busy, &err));
}

static void own_socket_is_found_under_any_name(void **unused UNUSED) {
    struct place place;
    place_init(&place);
    AUTO_FREE char *link = path_join(place.folder, "link");
    AUTO_FREE char *socket = path_join(place.source, "socket");
    AUTO_FREE char *other = path_join(place.folder, "socket");
    assert_int_equal(symlink("source", link), 0);
    struct daemon_options options = {.directory = link, .socket_path = socket};
    assert_true(daemon_has_own_socket(&options));
    options.socket_path = other;
    assert_false(daemon_has_own_socket(&options));
    options.directory = place.target; // is not there
    assert_false(daemon_has_own_socket(&options));
    place_finish(&place);
}

static void boot_id_is_the_kernels(void **unused UNUSED) {
    AUTO_FREE char *boot_id = daemon_boot_id();
    assert_int_equal(strlen(boot_id), 36);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_directory_is_refused), cmocka_unit_test(copied_once_into_an_empty_directory),
        cmocka_unit_test(interrupted_copy_begins_anew),    cmocka_unit_test(interrupted_move_goes_on),
        cmocka_unit_test(two_copies_do_not_mix),           cmocka_unit_test(failed_copy_leaves_nothing),
        cmocka_unit_test(a_missing_source_is_passed_over), cmocka_unit_test(own_socket_is_found_under_any_name),
        cmocka_unit_test(boot_id_is_the_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

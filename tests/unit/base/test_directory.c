// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

// Each test has a directory of its own, in *state.
static int set_up(void **state) {
    char *directory = memory_string("/tmp/test-directory-XXXXXX");
    *state = directory;
    umask(077); // so that a mode that passes through it is noticed
    return mkdtemp(directory) != NULL ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status UNUSED, int type UNUSED, struct FTW *walk UNUSED) {
    return remove(path);
}

static int tear_down(void **state) {
    int result = nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return result;
}

static mode_t mode_of(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_content(const char *path, const char *expected) {
    AUTO_BUFFER struct buffer content = BUFFER_INIT(1000);
    assert_true(file_read(path, &content, NULL));
    assert_string_equal(buffer_text(&content), expected);
}

static void assert_entries(const char *directory, const char *expected) {
    AUTO_TEXT_LIST struct text_list names = {0};
    assert_true(directory_list(directory, &names, NULL));
    AUTO_FREE char *joined = text_list_join(&names, " ");
    assert_string_equal(joined, expected);
}

static void assert_message(const struct error *err, const char *format, const char *path) {
    AUTO_FREE char *expected = NULL;
    assert_true(asprintf(&expected, format, path) > 0);
    assert_string_equal(error_text(err), expected);
}

static void sees_what_exists(void **state) {
    AUTO_FREE char *file = path_join(*state, "f");
    AUTO_FREE char *directory_link = path_join(*state, "link");
    AUTO_FREE char *dangling = path_join(*state, "dangling");
    write_text(file, "");
    assert_int_equal(symlink(".", directory_link), 0);
    assert_int_equal(symlink("nowhere", dangling), 0);
    assert_true(directory_exists(*state));
    assert_true(directory_exists(directory_link));
    assert_false(directory_exists(file));
    assert_true(file_exists(file));
    assert_true(file_exists(*state));
    assert_false(file_exists(dangling));
}

static void makes_parents_with_the_mode(void **state) {
    AUTO_FREE char *path = path_join(*state, "a//b/c/");
    AUTO_FREE char *parent = path_join(*state, "a");
    assert_true(directory_create_all(path, 0755, NULL));
    assert_int_equal(mode_of(path), 0755);
    assert_int_equal(mode_of(parent), 0755);
    assert_true(directory_create_all(path, 0700, NULL));
    assert_int_equal(mode_of(path), 0755);
    assert_true(directory_create_all("/", 0700, NULL));
}

static void file_in_the_way(void **state) {
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *file = path_join(*state, "f");
    AUTO_FREE char *below = path_join(*state, "f/x/y");
    write_text(file, "");
    assert_false(directory_create_all(file, 0700, &err));
    assert_message(&err, "mkdir %s: not a directory", file);
    assert_false(directory_create_all(below, 0700, &err));
    assert_message(&err, "mkdir %s: not a directory", file);
    assert_false(directory_create_all("", 0700, &err));
    assert_string_equal(error_text(&err), "mkdir : no such file or directory");
}

static void lists_sorted(void **state) {
    const char *const names[] = {"b", ".hidden", "a", "B"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        AUTO_FREE char *path = path_join(*state, names[i]);
        write_text(path, "");
    }
    assert_entries(*state, ".hidden B a b");
}

static void listing_reports_errors(void **state) {
    AUTO_ERROR struct error err = {0};
    AUTO_TEXT_LIST struct text_list names = {0};
    text_list_add(&names, "kept");
    AUTO_FREE char *path = path_join(*state, "f");
    assert_false(directory_list(path, &names, &err));
    assert_message(&err, "open %s: no such file or directory", path);
    write_text(path, "");
    assert_false(directory_list(path, &names, &err));
    assert_message(&err, "open %s: not a directory", path);
    assert_int_equal(names.count, 1);
}

// A source of two files in two directories, and a symlink to each of file and directory.
static char *source_create(const char *directory) {
    char *source = path_join(directory, "source");
    AUTO_FREE char *inner = path_join(source, "inner");
    AUTO_FREE char *file = path_join(source, "file");
    AUTO_FREE char *inner_file = path_join(inner, "x");
    AUTO_FREE char *file_link = path_join(source, "link");
    AUTO_FREE char *directory_link = path_join(source, "linked");
    assert_true(directory_create_all(inner, 0755, NULL));
    write_text(file, "one");
    write_text(inner_file, "two");
    assert_int_equal(chmod(file, 0640), 0);
    assert_int_equal(symlink("file", file_link), 0);
    assert_int_equal(symlink("inner", directory_link), 0);
    return source;
}

static void copies_a_tree(void **state) {
    AUTO_FREE char *source = source_create(*state);
    AUTO_FREE char *target = path_join(*state, "target");
    AUTO_FREE char *inner = path_join(target, "linked");
    AUTO_FREE char *inner_file = path_join(inner, "x");
    AUTO_FREE char *file_link = path_join(target, "link");
    assert_true(directory_copy(source, target, NULL));
    assert_entries(target, "file inner link linked");
    assert_content(inner_file, "two");
    assert_content(file_link, "one");
    assert_int_equal(mode_of(file_link), 0640);
    assert_int_equal(mode_of(inner), 0755);
    struct stat status;
    assert_int_equal(lstat(file_link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(lstat(inner, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
}

static void copies_into_an_empty_directory(void **state) {
    AUTO_FREE char *source = source_create(*state);
    AUTO_FREE char *target = path_join(*state, "target");
    assert_int_equal(mkdir(target, 0700), 0);
    assert_true(directory_copy(source, target, NULL));
    assert_entries(target, "file inner link linked");
    assert_int_equal(mode_of(target), 0700);
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *file = path_join(target, "file");
    assert_false(directory_copy(source, target, &err));
    assert_message(&err, "open %s: file exists", file);
}

static void copies_links_and_groups(void **state) {
    AUTO_FREE char *source = path_join(*state, "source");
    AUTO_FREE char *target = path_join(*state, "target");
    AUTO_FREE char *shared = path_join(source, "shared");
    AUTO_FREE char *shared_copy = path_join(target, "shared");
    AUTO_FREE char *dangling = path_join(source, "dangling");
    AUTO_FREE char *dangling_copy = path_join(target, "dangling");
    assert_true(directory_create_all(shared, 0755, NULL));
    assert_int_equal(symlink("no/such/file", dangling), 0);
    gid_t group = getuid() == 0 ? 12345 : getgid();
    assert_int_equal(chown(shared, (uid_t)-1, group), 0);
    assert_int_equal(chmod(shared, 02775), 0);
    assert_true(directory_copy(source, target, NULL));
    struct stat status;
    assert_int_equal(stat(shared_copy, &status), 0);
    assert_int_equal(status.st_mode & 07777, 02775);
    assert_int_equal(status.st_gid, group);
    char text[64] = {0};
    assert_int_equal(readlink(dangling_copy, text, sizeof text), 12);
    assert_string_equal(text, "no/such/file");
}

static void link_that_leads_out_becomes_absolute(void **state) {
    AUTO_FREE char *source = path_join(*state, "source");
    AUTO_FREE char *target = path_join(*state, "target");
    AUTO_FREE char *inner = path_join(source, "inner");
    AUTO_FREE char *outside = path_join(*state, "outside");
    assert_true(directory_create_all(inner, 0755, NULL));
    static const struct {
        const char *text;
        bool is_absolute;
    } cases[] = {{"../../outside", true}, {"./a/../..//../outside", true},
                 {"../outside", false},   {"a/../../outside", false},
                 {"outside", false},      {"..", false}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *link = memory_printf("%s/%zu", inner, i);
        assert_int_equal(symlink(cases[i].text, link), 0);
    }
    assert_true(directory_copy(source, target, NULL));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        AUTO_FREE char *link = memory_printf("%s/inner/%zu", target, i);
        char text[PATH_MAX] = {0};
        assert_true(readlink(link, text, sizeof text - 1) > 0);
        assert_string_equal(text, cases[i].is_absolute ? outside : cases[i].text);
    }
}

static void removes_a_tree(void **state) {
    AUTO_FREE char *source = source_create(*state);
    AUTO_FREE char *outside = path_join(*state, "outside");
    AUTO_FREE char *link = path_join(source, "outside");
    write_text(outside, "stays");
    assert_int_equal(symlink(outside, link), 0);
    assert_true(directory_remove_tree(source, NULL));
    assert_false(file_exists(source));
    assert_content(outside, "stays");
    assert_true(directory_remove_tree(source, NULL)); // is not there
}

static void refuses_what_cannot_be_copied(void **state) {
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *source = path_join(*state, "source");
    AUTO_FREE char *target = path_join(*state, "target");
    AUTO_FREE char *fifo = path_join(source, "fifo");
    assert_false(directory_copy(source, target, &err));
    assert_message(&err, "open %s: no such file or directory", source);
    assert_int_equal(mkdir(source, 0700), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_false(directory_copy(source, target, &err));
    assert_message(&err, "copy %s: invalid argument", fifo);
    assert_false(directory_copy(fifo, target, &err));
    assert_message(&err, "open %s: not a directory", fifo);
}

static void endless_tree_is_cut_off(void **state) {
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *source = path_join(*state, "source");
    AUTO_FREE char *target = path_join(*state, "target");
    AUTO_FREE char *deep = memory_string(source);
    for (int i = 0; i < 66; i++) {
        char *deeper = path_join(deep, "d");
        free(deep);
        deep = deeper;
    }
    assert_true(directory_create_all(deep, 0700, NULL));
    assert_false(directory_copy(source, target, &err));
    assert_int_equal(err.errnum, ELOOP);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sees_what_exists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(makes_parents_with_the_mode, set_up, tear_down),
        cmocka_unit_test_setup_teardown(file_in_the_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_sorted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(listing_reports_errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copies_a_tree, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copies_into_an_empty_directory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(copies_links_and_groups, set_up, tear_down),
        cmocka_unit_test_setup_teardown(link_that_leads_out_becomes_absolute, set_up, tear_down),
        cmocka_unit_test_setup_teardown(removes_a_tree, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_cannot_be_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(endless_tree_is_cut_off, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

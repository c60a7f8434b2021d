// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/copy_target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"

static char folder[32], path[64], link_path[64];

static int begin(void **state UNUSED) {
    (void)snprintf(folder, sizeof folder, "/tmp/test-copy-XXXXXX");
    (void)umask(022);
    if (mkdtemp(folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/file", folder);
    (void)snprintf(link_path, sizeof link_path, "%s/link", folder);
    return 0;
}

// Nothing else is left in the directory.
static int end(void **state UNUSED) {
    (void)unlink(path);
    (void)unlink(link_path);
    return rmdir(folder);
}

static void put(const char *text, mode_t mode) {
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
}

static void assert_file(const char *text, mode_t mode) {
    AUTO_BUFFER struct buffer content = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct stat status;
    assert_true(file_read(path, &content, NULL));
    assert_string_equal(buffer_text(&content), text);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, mode);
}

static void open_and_write(struct copy_target *target, const char *name, mode_t mode) {
    AUTO_ERROR struct error err = {0};
    if (!copy_target_open(target, name, 0, mode, &err))
        fail_msg("%s", error_text(&err));
    assert_int_equal(write(target->fd, "new", 3), 3);
}

static void new_file_appears_when_it_is_complete(void **state UNUSED) {
    struct copy_target target;
    open_and_write(&target, path, 0646);
    assert_false(file_exists(path));
    assert_true(copy_target_commit(&target, NULL));
    assert_file("new", 0644);
}

static void old_file_stays_until_then(void **state UNUSED) {
    struct copy_target target;
    put("old text", 0640);
    open_and_write(&target, path, 0666);
    assert_file("old text", 0640);
    copy_target_discard(&target);
    assert_file("old text", 0640);
    open_and_write(&target, path, 0666);
    assert_true(copy_target_commit(&target, NULL));
    assert_file("new", 0640);
    copy_target_discard(&target);
}

static void links_are_followed(void **state UNUSED) {
    struct copy_target target;
    struct stat status;
    put("old", 0600);
    assert_int_equal(symlink("file", link_path), 0);
    open_and_write(&target, link_path, 0666);
    assert_file("old", 0600);
    assert_true(copy_target_commit(&target, NULL));
    assert_file("new", 0600);
    assert_true(lstat(link_path, &status) == 0 && S_ISLNK(status.st_mode));
}

static void file_with_several_names_is_written_in_place(void **state UNUSED) {
    struct copy_target target;
    put("old text", 0600);
    assert_int_equal(link(path, link_path), 0);
    open_and_write(&target, link_path, 0666);
    assert_file("new", 0600);
    assert_true(copy_target_commit(&target, NULL));
    assert_file("new", 0600);
}

static void descriptors_are_written_in_place(void **state UNUSED) {
    struct copy_target target;
    char name[32];
    put("old text", 0600);
    AUTO_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
    (void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    open_and_write(&target, name, 0666);
    assert_true(copy_target_commit(&target, NULL));
    char text[8] = "";
    assert_int_equal(read(fd, text, sizeof text), 3);
    assert_string_equal(text, "new");
}

static void failures_are_reported(void **state UNUSED) {
    struct copy_target target;
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *message = memory_printf("open %s: is a directory", folder);
    assert_false(copy_target_open(&target, folder, 0, 0666, &err));
    assert_string_equal(error_text(&err), message);
    open_and_write(&target, path, 0666);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(copy_target_commit(&target, &err));
    assert_int_equal(err.errnum, EISDIR);
    assert_int_equal(rmdir(path), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(new_file_appears_when_it_is_complete, begin, end),
        cmocka_unit_test_setup_teardown(old_file_stays_until_then, begin, end),
        cmocka_unit_test_setup_teardown(links_are_followed, begin, end),
        cmocka_unit_test_setup_teardown(file_with_several_names_is_written_in_place, begin, end),
        cmocka_unit_test_setup_teardown(descriptors_are_written_in_place, begin, end),
        cmocka_unit_test_setup_teardown(failures_are_reported, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/file.h"
#include "temporary.h"
#include "testing/removal_internal.h"

#define DEPTH 500 // more than PATH_MAX bytes

static int open_parent(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void make_file(int fd, const char *name) {
    int file = openat(fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(close(file), 0);
}

static void trees_are_removed(void **state UNUSED) {
    char *path = temporary_create();
    AUTO_CLOSE int parent = open_parent(path);
    AUTO_FREE char *kept = memory_printf("%s/kept", path);
    assert_int_equal(mkdirat(parent, "kept", 0700), 0);
    AUTO_CLOSE int kept_fd = open_parent(kept);
    make_file(kept_fd, "file");
    assert_int_equal(mkdirat(parent, "tree", 0700), 0);
    AUTO_FREE char *tree = memory_printf("%s/tree", path);
    AUTO_CLOSE int fd = open_parent(tree);
    assert_int_equal(symlinkat("../kept", fd, "link"), 0);
    assert_int_equal(mkdirat(fd, "a", 0700), 0);
    assert_int_equal(mkdirat(fd, "b", 0700), 0);
    make_file(fd, "a/file");
    make_file(fd, "b/file");
    assert_int_equal(mkfifoat(fd, "b/pipe", 0600), 0);
    assert_int_equal(fchmodat(fd, "a", 0, 0), 0); // neither readable nor writable
    assert_int_equal(fchmodat(fd, "b", 0500, 0), 0);
    for (int i = 0; i < 300; i++) { // more than one call of getdents64()
        AUTO_FREE char *name = memory_printf("a-name-that-is-longer-%d", i);
        make_file(fd, name);
    }
    assert_true(testing_remove_tree(parent, "tree"));
    assert_int_equal(faccessat(parent, "tree", F_OK, 0), -1);
    assert_int_equal(faccessat(kept_fd, "file", F_OK, 0), 0);
    assert_true(testing_remove_tree(parent, "kept"));
    temporary_remove(path);
}

static void depth_is_not_limited(void **state UNUSED) {
    char *path = temporary_create();
    AUTO_CLOSE int parent = open_parent(path);
    assert_int_equal(mkdirat(parent, "tree", 0700), 0);
    int fd = openat(parent, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < DEPTH; i++) {
        assert_int_equal(mkdirat(fd, "directory", 0700), 0);
        int next = openat(fd, "directory", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        assert_int_equal(close(fd), 0);
        fd = next;
    }
    assert_int_equal(close(fd), 0);
    assert_true(testing_remove_tree(parent, "tree"));
    temporary_remove(path);
}

static void others_than_directories(void **state UNUSED) {
    char *path = temporary_create();
    AUTO_CLOSE int parent = open_parent(path);
    assert_true(testing_remove_tree(parent, "missing"));
    make_file(parent, "file");
    assert_true(testing_remove_tree(parent, "file"));
    assert_int_equal(symlinkat("/", parent, "link"), 0);
    assert_true(testing_remove_tree(parent, "link"));
    assert_false(testing_remove_tree(parent, "."));
    assert_int_equal(errno, EINVAL);
    temporary_remove(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_removed),
        cmocka_unit_test(depth_is_not_limited),
        cmocka_unit_test(others_than_directories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

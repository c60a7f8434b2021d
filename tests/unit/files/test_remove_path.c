// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <limits.h>
#include <sys/resource.h>

#include "files/remove_path_internal.h"

static const atomic_bool goes_on = false;

static bool remove_one(const struct fixture *fixture, const char *name, struct error *err) {
    AUTO_FREE char *path = path_of(fixture, name);
    error_clear(err);
    return remove_path(path, err);
}

static bool remove_all(const struct fixture *fixture, const char *name, struct error *err) {
    AUTO_FREE char *path = path_of(fixture, name);
    error_clear(err);
    return remove_tree(path, &goes_on, err);
}

static void removes_single_things(void **state) {
    const struct fixture *fixture = *state;
    AUTO_ERROR struct error err = {0};
    put(fixture, "file", "");
    put_directory(fixture, "empty");
    put_directory(fixture, "full");
    put(fixture, "full/x", "");
    put_link(fixture, "full", "link");
    assert_false(remove_one(fixture, "full", &err));
    assert_message(fixture, &err, "remove @/full: directory not empty");
    assert_false(remove_one(fixture, "no", &err));
    assert_message(fixture, &err, "remove @/no: no such file or directory");
    assert_false(remove_one(fixture, "file/", &err));
    assert_message(fixture, &err, "remove @/file/: not a directory");
    assert_true(remove_one(fixture, "file", &err));
    assert_true(remove_one(fixture, "empty", &err));
    assert_true(remove_one(fixture, "link", &err));
    assert_entries(fixture, "", "full");
}

static void removes_trees_and_follows_no_links(void **state) {
    const struct fixture *fixture = *state;
    AUTO_ERROR struct error err = {0};
    put_directory(fixture, "kept");
    put(fixture, "kept/x", "");
    put_directory(fixture, "tree");
    put_directory(fixture, "tree/a");
    put_directory(fixture, "tree/a/b");
    put(fixture, "tree/a/b/c", "");
    put(fixture, "tree/z", "");
    put_link(fixture, "../kept", "tree/link");
    put_link(fixture, "kept", "link");
    assert_true(remove_all(fixture, "tree", &err));
    assert_true(remove_all(fixture, "link/", &err)); // the link, not what it points to
    assert_true(remove_all(fixture, "no", &err));
    assert_true(remove_all(fixture, "no/such", &err));
    assert_false(remove_all(fixture, "kept/x/y", &err));
    assert_message(fixture, &err, "unlinkat @/kept/x/y: not a directory");
    assert_false(remove_all(fixture, "kept/.", &err));
    assert_message(fixture, &err, "RemoveAll @/kept/.: invalid argument");
    assert_entries(fixture, "", "kept");
    assert_entries(fixture, "kept", "x");
    assert_true(remove_all(fixture, "kept//", &err));
    assert_entries(fixture, "", "");
}

static void the_root_is_not_emptied(void **state) {
    const struct fixture *fixture = *state;
    AUTO_ERROR struct error err = {0};
    static const char *const paths[] = {"/", "//", "/.."};
    // In a mount namespace or not: the test would destroy the system if it failed, so only the refusal is looked at.
    const atomic_bool is_stopped = true;
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        error_clear(&err);
        assert_false(remove_tree(paths[i], &is_stopped, &err));
        assert_int_equal(err.errnum, EBUSY);
    }
    assert_entries(fixture, "", "");
}

// Leaves the working directory alone; returns to where it was.
static void put_deep(const struct fixture *fixture, int depth) {
    char name[101];
    memset(name, 'd', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    int place = open(fixture->directory, O_PATH);
    for (int i = 0; i < depth; i++) {
        assert_int_equal(mkdirat(place, name, 0755), 0);
        int next = openat(place, name, O_PATH | O_DIRECTORY);
        assert_true(next >= 0);
        (void)close(place);
        place = next;
    }
    (void)close(place);
}

static void few_descriptors_suffice_for_deep_trees(void **state) {
    const struct fixture *fixture = *state;
    AUTO_ERROR struct error err = {0};
    AUTO_FREE char *name = memory_string_n("dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
                                           "dddddddddddddddddddddddddd",
                                           100);
    put_deep(fixture, 2000); // 200 KB of path
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int spare = dup(0);
    struct rlimit few = {.rlim_cur = (rlim_t)spare + 4, .rlim_max = before.rlim_max};
    (void)close(spare);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    bool is_removed = remove_all(fixture, name, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(is_removed);
    assert_entries(fixture, "", "");
}

static void wide_directories_are_emptied(void **state) {
    const struct fixture *fixture = *state;
    AUTO_ERROR struct error err = {0};
    put_directory(fixture, "wide");
    for (int i = 0; i < 3000; i++) {
        AUTO_FREE char *name = memory_printf("wide/a-rather-long-name-of-a-directory-%d", i);
        AUTO_FREE char *inner = path_join(name, "x");
        put_directory(fixture, name);
        put(fixture, inner, "");
    }
    assert_true(remove_all(fixture, "wide", &err));
    assert_entries(fixture, "", "");
}

static void goes_on_after_a_failure(void **state) {
    const struct fixture *fixture = *state;
    AUTO_ERROR struct error err = {0};
    put_directory(fixture, "tree");
    put_directory(fixture, "tree/locked");
    put(fixture, "tree/locked/x", "");
    put(fixture, "tree/a", "");
    put_directory(fixture, "tree/z");
    put(fixture, "tree/z/y", "");
    AUTO_FREE char *locked = path_of(fixture, "tree/locked");
    assert_int_equal(chmod(locked, 0500), 0);
    bool is_root = geteuid() == 0;
    assert_int_equal(remove_all(fixture, "tree", &err), is_root);
    if (!is_root) {
        assert_message(fixture, &err, "unlinkat @/tree/locked/x: permission denied");
        assert_entries(fixture, "tree", "locked");
        assert_int_equal(chmod(locked, 0700), 0);
    }
}

static void it_can_be_stopped(void **state) {
    const struct fixture *fixture = *state;
    AUTO_ERROR struct error err = {0};
    const atomic_bool is_stopped = true;
    put_directory(fixture, "tree");
    put(fixture, "tree/x", "");
    AUTO_FREE char *path = path_of(fixture, "tree");
    assert_false(remove_tree(path, &is_stopped, &err));
    assert_int_equal(err.kind, ERROR_CANCELLED);
    assert_entries(fixture, "tree", "x");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(removes_single_things),
        FIXTURE_TEST(removes_trees_and_follows_no_links),
        FIXTURE_TEST(the_root_is_not_emptied),
        FIXTURE_TEST(few_descriptors_suffice_for_deep_trees),
        FIXTURE_TEST(wide_directories_are_emptied),
        FIXTURE_TEST(goes_on_after_a_failure),
        FIXTURE_TEST(it_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

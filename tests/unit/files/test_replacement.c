// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <limits.h>

#include "files/replacement_internal.h"

static const struct account_choice nobody_else = {0};

static bool replace(const struct fixture *fixture, const char *name, mode_t mode, struct error *err) {
    AUTO_FREE char *path = path_of(fixture, name);
    struct replacement replacement = REPLACEMENT_INIT;
    error_clear(err);
    bool is_done = replacement_open(&replacement, path, err) && replacement_write(&replacement, "new", 3, err) &&
                   replacement_commit(&replacement, mode, &nobody_else, err);
    replacement_discard(&replacement);
    return is_done;
}

static void files_and_links_are_replaced(void **state) {
    const struct fixture *fixture = *state;
    AUTO_ERROR struct error err = {0};
    put(fixture, "target", "old");
    put_link(fixture, "target", "link");
    put_link(fixture, "nowhere", "dangling");
    assert_true(replace(fixture, "link", 0600, &err));
    assert_true(replace(fixture, "dangling", 0777, &err));
    assert_true(replace(fixture, "fresh", 0, &err));
    assert_content(fixture, "target", "old");
    assert_content(fixture, "link", "new");
    assert_int_equal(mode_of(fixture, "link"), 0600);
    assert_int_equal(mode_of(fixture, "dangling"), 0777); // not through the umask
    assert_int_equal(mode_of(fixture, "fresh"), 0);
    assert_entries(fixture, "", "dangling fresh link target");
}

static void failures_leave_nothing(void **state) {
    const struct fixture *fixture = *state;
    AUTO_ERROR struct error err = {0};
    put_directory(fixture, "dir");
    put(fixture, "file", "old");
    assert_false(replace(fixture, "dir", 0644, &err));
    assert_message(fixture, &err, "rename @/dir: file exists");
    assert_false(replace(fixture, "dir/", 0644, &err));
    assert_message(fixture, &err, "open @/dir/: is a directory");
    assert_false(replace(fixture, "no/file", 0644, &err));
    assert_message(fixture, &err, "open @/no/file: no such file or directory");
    assert_false(replace(fixture, "file/x", 0644, &err));
    assert_message(fixture, &err, "open @/file/x: not a directory");
    assert_false(replace(fixture, "dir*/a*b", 0644, &err));
    assert_message(fixture, &err, "cannot create tempfile for filename containing '*': \"a*b\"");
    assert_false(replace(fixture, "a*b/", 0644, &err));
    assert_message(fixture, &err, "cannot create tempfile for filename containing '*': \"a*b\"");
    assert_entries(fixture, "", "dir file");
    assert_entries(fixture, "dir", "");
}

static void nothing_is_seen_before_the_commit(void **state) {
    const struct fixture *fixture = *state;
    AUTO_FREE char *path = path_of(fixture, "file");
    struct replacement replacement = REPLACEMENT_INIT;
    put(fixture, "file", "old");
    assert_true(replacement_open(&replacement, path, NULL));
    assert_true(replacement_write(&replacement, "new", 3, NULL));
    assert_content(fixture, "file", "old");
    replacement_discard(&replacement);
    assert_content(fixture, "file", "old");
    assert_entries(fixture, "", "file");
}

static void long_names_fit(void **state) {
    const struct fixture *fixture = *state;
    AUTO_ERROR struct error err = {0};
    char name[NAME_MAX + 2];
    memset(name, 'n', sizeof name);
    name[NAME_MAX] = '\0';
    assert_true(replace(fixture, name, 0644, &err));
    assert_entries(fixture, "", name);
    name[NAME_MAX] = 'n';
    name[NAME_MAX + 1] = '\0';
    assert_false(replace(fixture, name, 0644, &err));
    assert_int_equal(err.errnum, ENAMETOOLONG);
}

static void the_directory_may_go(void **state) {
    const struct fixture *fixture = *state;
    AUTO_ERROR struct error err = {0};
    put_directory(fixture, "dir");
    AUTO_FREE char *path = path_of(fixture, "dir/file");
    AUTO_FREE char *directory = path_of(fixture, "dir");
    struct replacement replacement = REPLACEMENT_INIT;
    assert_true(replacement_open(&replacement, path, &err));
    if (rmdir(directory) == 0) {
        assert_false(replacement_commit(&replacement, 0644, &nobody_else, &err));
        assert_message(fixture, &err, "rename @/dir/file: no such file or directory");
    }
    replacement_discard(&replacement);
}

static void the_owner_is_set(void **state) {
    const struct fixture *fixture = *state;
    if (geteuid() != 0)
        skip();
    AUTO_FREE char *path = path_of(fixture, "file");
    const struct account_choice owner = {.has_uid = true, .has_gid = true, .uid = 12, .gid = 34};
    struct replacement replacement = REPLACEMENT_INIT;
    assert_true(replacement_open(&replacement, path, NULL));
    assert_true(replacement_commit(&replacement, 0640, &owner, NULL));
    assert_int_equal(status_of(fixture, "file").st_uid, 12);
    assert_int_equal(status_of(fixture, "file").st_gid, 34);
    assert_int_equal(mode_of(fixture, "file"), 0640);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(files_and_links_are_replaced),
        FIXTURE_TEST(failures_leave_nothing),
        FIXTURE_TEST(nothing_is_seen_before_the_commit),
        FIXTURE_TEST(long_names_fit),
        FIXTURE_TEST(the_directory_may_go),
        FIXTURE_TEST(the_owner_is_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

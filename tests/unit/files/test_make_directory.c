// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <limits.h>

#include "files/make_directory_internal.h"

static bool make(const struct fixture *fixture, const char *name, mode_t mode, bool makes_parents, struct error *err) {
    AUTO_FREE char *path = path_of(fixture, name);
    const struct directory_spec spec = {.path = path, .mode = mode, .makes_parents = makes_parents};
    error_clear(err);
    return make_directory(&spec, err);
}

static void modes_ignore_the_umask(void **state) {
    const struct fixture *fixture = *state;
    AUTO_ERROR struct error err = {0};
    assert_true(make(fixture, "one", 0777, false, &err));
    assert_int_equal(mode_of(fixture, "one"), 0777);
    assert_true(make(fixture, "two/", 0, false, &err));
    assert_int_equal(mode_of(fixture, "two"), 0);
    assert_int_equal(chmod(fixture->directory, 0700), 0);
    assert_true(make(fixture, "./p//q/x/../r", 0751, true, &err)); // made clean first
    assert_int_equal(mode_of(fixture, "p"), 0751);
    assert_int_equal(mode_of(fixture, "p/q"), 0751);
    assert_int_equal(mode_of(fixture, "p/q/r"), 0751);
    assert_entries(fixture, "p/q", "r");
    assert_int_equal(mode_of(fixture, ""), 0700); // existing ones are unchanged
}

static void what_exists_is_an_error_unless_parents_are_made(void **state) {
    const struct fixture *fixture = *state;
    AUTO_ERROR struct error err = {0};
    put_directory(fixture, "there");
    put_link(fixture, "there", "link");
    put(fixture, "file", "x");
    put_link(fixture, "nowhere", "dangling");
    put_link(fixture, "loop", "loop");
    assert_false(make(fixture, "there", 0700, false, &err));
    assert_message(fixture, &err, "mkdir @/there: file exists");
    assert_int_equal(err.errnum, EEXIST);
    assert_true(make(fixture, "there", 0700, true, &err));
    assert_int_equal(mode_of(fixture, "there"), 0755 & ~077);
    assert_true(make(fixture, "link/below", 0700, false, &err));
    assert_entries(fixture, "there", "below");
    assert_false(make(fixture, "file", 0700, true, &err));
    assert_message(fixture, &err, "mkdir @/file: not a directory");
    assert_false(make(fixture, "file/x", 0700, true, &err));
    assert_int_equal(err.errnum, ENOTDIR);
    assert_false(make(fixture, "dangling", 0700, true, &err));
    assert_int_equal(err.errnum, EEXIST);
    assert_false(make(fixture, "loop", 0700, false, &err));
    assert_message(fixture, &err, "mkdir @/loop: file exists");
    assert_false(make(fixture, "loop/x", 0700, false, &err));
    assert_int_equal(err.errnum, ELOOP);
    assert_false(make(fixture, "no/such", 0700, false, &err));
    assert_message(fixture, &err, "mkdir @/no/such: no such file or directory");
    assert_entries(fixture, "", "dangling file link loop there");
    const struct directory_spec root = {.path = "//", .mode = 0700};
    assert_false(make_directory(&root, &err));
}

static void deeper_than_a_path_may_be_long(void **state) {
    const struct fixture *fixture = *state;
    AUTO_BUFFER struct buffer name = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (int i = 0; name.length < 2 * (size_t)PATH_MAX; i++)
        buffer_printf(&name, "%s%0200d", i > 0 ? "/" : "", i);
    AUTO_ERROR struct error err = {0};
    assert_true(make(fixture, buffer_text(&name), 0755, true, &err));
    // nftw() cannot remove it.
    AUTO_FREE char *command = memory_printf("rm -rf %s/0*", fixture->directory);
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c): constant apart from the directory
}

static void a_new_directory_has_its_owner_or_is_removed(void **state) {
    const struct fixture *fixture = *state;
    AUTO_FREE char *path = path_of(fixture, "a/b");
    const struct account_choice owner = {.has_uid = true, .has_gid = true, .uid = 12, .gid = 34};
    const struct directory_spec spec = {.path = path, .mode = 0755, .owner = owner, .makes_parents = true};
    AUTO_ERROR struct error err = {0};
    if (geteuid() == 0) {
        assert_true(make_directory(&spec, &err));
        assert_int_equal(status_of(fixture, "a").st_uid, 12);
        assert_int_equal(status_of(fixture, "a/b").st_gid, 34);
    } else {
        assert_false(make_directory(&spec, &err));
        assert_int_equal(err.errnum, EPERM);
        assert_entries(fixture, "", "");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(modes_ignore_the_umask),
        FIXTURE_TEST(what_exists_is_an_error_unless_parents_are_made),
        FIXTURE_TEST(deeper_than_a_path_may_be_long),
        FIXTURE_TEST(a_new_directory_has_its_owner_or_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

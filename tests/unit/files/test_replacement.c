// SPDX-License-Identifier: GPL-3.0-or-later
#include "fixture.h"

#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

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

// --- without O_TMPFILE ---

// Returns an exit status: 0, or the number of the step that has failed.
static int replace_by_name(const struct fixture *fixture) {
    AUTO_FREE char *path = path_of(fixture, "file");
    AUTO_TEXT_LIST struct text_list names = {0};
    struct replacement replacement = REPLACEMENT_INIT;
    if (!replacement_open(&replacement, path, NULL) || replacement.temporary == NULL)
        return 1;
    if (!directory_list(fixture->directory, &names, NULL) || names.count != 2 ||
        strlen(names.items[1]) != strlen("file") + FILE_TEMPORARY_SUFFIX_BYTES)
        return 2;
    if (!replacement_write(&replacement, "new", 3, NULL) || !replacement_commit(&replacement, 0604, &nobody_else, NULL))
        return 3;
    if (!replacement_open(&replacement, path, NULL))
        return 4;
    replacement_discard(&replacement);
    return 0;
}

// A file without a name gets one through /proc: where that is missing, it has a name from the beginning.
static void a_file_may_need_a_name(void **state) {
    const struct fixture *fixture = *state;
    put(fixture, "file", "old");
    pid_t child = fork();
    if (child == 0) {
        bool is_hidden = unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                         mount("none", "/proc", "tmpfs", 0, NULL) == 0;
        _exit(is_hidden ? replace_by_name(fixture) : 77);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_content(fixture, "file", "new");
    assert_int_equal(mode_of(fixture, "file"), 0604);
    assert_entries(fixture, "", "file");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(files_and_links_are_replaced),
        FIXTURE_TEST(failures_leave_nothing),
        FIXTURE_TEST(nothing_is_seen_before_the_commit),
        FIXTURE_TEST(long_names_fit),
        FIXTURE_TEST(the_directory_may_go),
        FIXTURE_TEST(the_owner_is_set),
        FIXTURE_TEST(a_file_may_need_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "state/state_lock.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "state/checkpoint.h"
#include "state/state_internal.h"

static char folder[32];
static char *path;
static struct loop *loop;

// That of another daemon, which creates the file when the lock has found none.
static int others_fd = -1;
static bool another_begins;

// In the place of the C library's.
int lstat(const char *restrict name, struct stat *restrict status) {
    if (another_begins) {
        another_begins = false;
        assert_int_equal(state_lock_try(path, &others_fd), STATE_LOCKED);
    }
    return fstatat(AT_FDCWD, name, status, AT_SYMLINK_NOFOLLOW);
}

static int open_folder(void **unused UNUSED) {
    (void)snprintf(folder, sizeof folder, "/tmp/state-lock-XXXXXX");
    if (mkdtemp(folder) == NULL || !loop_create(&loop, NULL))
        return -1;
    path = path_join(folder, "state");
    return 0;
}

static int close_folder(void **unused UNUSED) {
    loop_destroy(loop);
    free(path);
    return directory_remove_tree(folder, NULL) ? 0 : -1;
}

static void assert_files(const char *expected) {
    AUTO_TEXT_LIST struct text_list names = {0};
    assert_true(directory_list(folder, &names, NULL));
    AUTO_FREE char *text = text_list_join(&names, " ");
    assert_string_equal(text, expected);
}

static void assert_in_use(void) {
    int fd = -1;
    assert_int_equal(state_lock_try(path, &fd), STATE_IS_IN_USE);
    assert_int_equal(fd, -1);
}

static void a_missing_file_is_created(void **unused UNUSED) {
    AUTO_CLOSE int fd = -1;
    struct stat status;
    assert_int_equal(state_lock_try(path, &fd), STATE_LOCKED);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(status.st_size > 0);
    assert_files("state");
    struct state *state = state_create();
    struct checkpoint *checkpoint = checkpoint_create(loop, state, path);
    assert_true(checkpoint_load(checkpoint, NULL));
    checkpoint_destroy(checkpoint);
    state_destroy(state);
}

static void one_holds_it_at_a_time(void **unused UNUSED) {
    AUTO_CLOSE int fd = -1, second = -1;
    assert_int_equal(state_lock_try(path, &fd), STATE_LOCKED);
    assert_in_use();
    assert_files("state");
    file_close_at(&fd);
    assert_int_equal(state_lock_try(path, &second), STATE_LOCKED);
}

// No moment in which somebody else could get it.
static void it_moves_to_each_new_file(void **unused UNUSED) {
    AUTO_CLOSE int fd = -1;
    assert_int_equal(state_lock_try(path, &fd), STATE_LOCKED);
    struct state *state = state_create();
    struct checkpoint *checkpoint = checkpoint_create(loop, state, path);
    assert_true(checkpoint_load(checkpoint, NULL));
    checkpoint_set_lock(checkpoint, fd);
    fd = -1;
    for (int i = 0; i < 3; i++) {
        struct stat before, after;
        assert_int_equal(stat(path, &before), 0);
        state_touch(state);
        assert_true(checkpoint_flush(checkpoint, 60000, NULL));
        assert_int_equal(stat(path, &after), 0);
        assert_int_not_equal(before.st_ino, after.st_ino);
        assert_in_use();
    }
    checkpoint_destroy(checkpoint);
    state_destroy(state);
    assert_int_equal(state_lock_try(path, &fd), STATE_LOCKED);
}

// The file that somebody holds has been replaced by one that nobody holds.
static void what_has_lost_its_name_does_not_count(void **unused UNUSED) {
    AUTO_CLOSE int old = -1, fd = -1;
    assert_int_equal(state_lock_try(path, &old), STATE_LOCKED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(state_lock_try(path, &fd), STATE_LOCKED);
    assert_in_use();
}

static void one_of_two_that_begin_at_once_holds_it(void **unused UNUSED) {
    another_begins = true;
    assert_in_use();
    assert_false(another_begins);
    file_close_at(&others_fd);
}

static void what_is_no_file_has_no_lock(void **unused UNUSED) {
    int fd = -1;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(state_lock_try(path, &fd), STATE_HAS_NO_LOCK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("nowhere", path), 0);
    assert_int_equal(state_lock_try(path, &fd), STATE_HAS_NO_LOCK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(state_lock_try(path, &fd), STATE_HAS_NO_LOCK);
    assert_int_equal(state_lock_try("/no/such/folder/state", &fd), STATE_HAS_NO_LOCK);
    assert_int_equal(fd, -1);
    assert_files("state");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_folder, close_folder)
    const struct CMUnitTest tests[] = {
        TEST(a_missing_file_is_created),   TEST(one_holds_it_at_a_time),
        TEST(it_moves_to_each_new_file),   TEST(what_has_lost_its_name_does_not_count),
        TEST(what_is_no_file_has_no_lock), TEST(one_of_two_that_begin_at_once_holds_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// A directory for each test, and a manager in a loop.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "files/file_manager.h"

#define DESCRIPTORS 1024

struct fixture {
    char directory[40];
    struct loop *loop;
    struct descriptor_budget *descriptors;
    struct file_manager *manager;
};

static inline int fixture_set_up(void **state) {
    struct fixture *fixture = memory_new(sizeof *fixture);
    *state = fixture;
    (void)snprintf(fixture->directory, sizeof fixture->directory, "/tmp/test-files-XXXXXX");
    (void)umask(077); // so that a mode that passes through it is noticed
    assert_non_null(mkdtemp(fixture->directory));
    assert_true(loop_create(&fixture->loop, NULL));
    fixture->descriptors = descriptor_budget_create(DESCRIPTORS);
    fixture->manager = file_manager_create(fixture->loop, fixture->descriptors);
    return 0;
}

static inline int fixture_remove_one(const char *path, const struct stat *status UNUSED, int type UNUSED,
                                     struct FTW *walk UNUSED) {
    return remove(path);
}

// Whatever was taken from the budget has been given back.
static inline int fixture_tear_down(void **state) {
    struct fixture *fixture = *state;
    assert_true(file_manager_destroy(fixture->manager));
    size_t left = descriptor_budget_left(fixture->descriptors, DESCRIPTORS_FILES);
    struct descriptor_budget *fresh = descriptor_budget_create(DESCRIPTORS);
    assert_int_equal(left, descriptor_budget_left(fresh, DESCRIPTORS_FILES));
    descriptor_budget_destroy(fresh);
    descriptor_budget_destroy(fixture->descriptors);
    loop_destroy(fixture->loop);
    int result = nftw(fixture->directory, fixture_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return result;
}

#define FIXTURE_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

// --- files ---

// Owned; `name` may be "".
static inline char *path_of(const struct fixture *fixture, const char *name) {
    return memory_printf("%s/%s", fixture->directory, name);
}

static inline void put(const struct fixture *fixture, const char *name, const char *content) {
    AUTO_FREE char *path = path_of(fixture, name);
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
}

static inline void put_directory(const struct fixture *fixture, const char *name) {
    AUTO_FREE char *path = path_of(fixture, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static inline void put_link(const struct fixture *fixture, const char *target, const char *name) {
    AUTO_FREE char *path = path_of(fixture, name);
    assert_int_equal(symlink(target, path), 0);
}

static inline struct stat status_of(const struct fixture *fixture, const char *name) {
    AUTO_FREE char *path = path_of(fixture, name);
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return status;
}

static inline unsigned mode_of(const struct fixture *fixture, const char *name) {
    return (unsigned)status_of(fixture, name).st_mode & 07777;
}

static inline void assert_content(const struct fixture *fixture, const char *name, const char *expected) {
    AUTO_FREE char *path = path_of(fixture, name);
    AUTO_BUFFER struct buffer content = BUFFER_INIT(1000);
    assert_true(file_read(path, &content, NULL));
    assert_string_equal(buffer_text(&content), expected);
}

// `expected`: names, sorted, with blanks between them.
static inline void assert_entries(const struct fixture *fixture, const char *name, const char *expected) {
    AUTO_FREE char *path = path_of(fixture, name);
    AUTO_TEXT_LIST struct text_list names = {0};
    assert_true(directory_list(path, &names, NULL));
    AUTO_FREE char *joined = text_list_join(&names, " ");
    assert_string_equal(joined, expected);
}

// In the expected text, "@" stands for the directory.
static inline void assert_message(const struct fixture *fixture, const struct error *err, const char *expected) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_non_null(err);
    for (const char *c = expected; *c != '\0'; c++) {
        if (*c == '@')
            buffer_add_string(&text, fixture->directory);
        else
            buffer_add_char(&text, *c);
    }
    assert_string_equal(error_text(err), buffer_text(&text));
}

// Runs the loop until *is_done. The watchdog of the test program ends a loop that has nothing to do any more.
static inline void run_until(const struct fixture *fixture, const bool *is_done) {
    while (!*is_done)
        (void)uv_run(loop_uv(fixture->loop), UV_RUN_ONCE);
}

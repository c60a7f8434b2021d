// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/file.h"
#include "base/memory.h"
#include "temporary.h"
#include "testing/removal_internal.h"
#include "testing/root_apply_internal.h"

// Fields of steps are not const, as their owner frees them.
#define TEXT(text) ((char[]){text})

static bool write_text(const char *path, const char *text) {
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static bool enter_namespaces(void) {
    AUTO_FREE char *users = memory_printf("0 %u 1\n", (unsigned)geteuid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 && write_text("/proc/self/uid_map", users);
}

typedef int (*inside_fn)(const struct testing_root *root);

enum { SKIPPED = 77 };

// Runs it in namespaces of its own, with steps; returns its result.
static int run(const struct testing_root *root, inside_fn inside) {
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(enter_namespaces() ? inside(root) : SKIPPED);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int use_root(const struct testing_root *root) {
    char text[TESTING_TEXT_BYTES] = "";
    if (!testing_root_apply(root, text)) {
        (void)fprintf(stderr, "%s\n", text);
        return 1;
    }
    if (access("/proc", F_OK) == 0 || access("/bound/read-only", F_OK) != 0 || access("/file", F_OK) != 0)
        return 2;
    if (write_text("/bound/new", "x") || errno != EROFS || write_text("/file", "x") || errno != EROFS)
        return 3;
    if (!write_text("/writable/new", "x") || !write_text("/new", "x"))
        return 4;
    return access("/link", F_OK) == 0 ? 0 : 5;
}

static int fail_root(const struct testing_root *root) {
    char text[TESTING_TEXT_BYTES] = "";
    if (testing_root_apply(root, text))
        return 1;
    return strcmp(text, "cannot root/missing: no such file or directory") == 0 ? 0 : 2;
}

static int fail_directory(const struct testing_root *root UNUSED) {
    char text[TESTING_TEXT_BYTES] = "";
    const struct testing_root none = {.directory = (char[]){"/none"}};
    if (testing_root_apply(&none, text))
        return 1;
    return strcmp(text, "cannot change directory: no such file or directory") == 0 ? 0 : 2;
}

static char *make(const char *directory, const char *name) {
    char *path = path_join(directory, name);
    assert_int_equal(mkdir(path, 0755), 0);
    return path;
}

static void steps_are_executed(void **state UNUSED) {
    char *directory = temporary_create();
    AUTO_CLOSE int top = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_FREE char *base = make(directory, "root"), *bound = make(directory, "bound"),
                   *writable = make(directory, "writable"), *place = make(base, "writable");
    AUTO_FREE char *file = path_join(bound, "read-only"), *written = path_join(writable, "new"),
                   *new_file = path_join(base, "new");
    assert_true(write_text(file, "content"));
    assert_true(directory_exists(place));
    struct testing_step steps[] = {
        {.kind = TESTING_STEP_OVERLAY,
         .source = TEXT("x"),
         .target = TEXT("root/none"),
         .options = TEXT("bad"),
         .skip = 9},
        {.kind = TESTING_STEP_DIRECTORY, .source = bound, .target = TEXT("root/bound"), .is_required = true},
        {.kind = TESTING_STEP_FILE, .source = file, .target = TEXT("root/file"), .is_required = true},
        {.kind = TESTING_STEP_DIRECTORY, .source = TEXT("/none"), .target = TEXT("root/none")},
        {.kind = TESTING_STEP_LINK, .source = TEXT("file"), .target = TEXT("root/link"), .is_required = true},
        {.kind = TESTING_STEP_WRITABLE, .source = writable, .target = TEXT("root/writable"), .is_required = true},
        {.kind = TESTING_STEP_MOUNT, .source = TEXT("no-such-type"), .target = TEXT("root/none"), .skip = 9},
    };
    struct testing_root root = {.directory = directory, .steps = steps, .count = ARRAY_COUNT(steps)};
    int result = run(&root, use_root);
    if (result == SKIPPED) {
        assert_true(testing_remove_tree(top, directory + 1));
        free(directory);
        skip();
    }
    assert_int_equal(result, 0);
    assert_true(file_exists(written)); // outside, too
    assert_true(file_exists(new_file));
    struct testing_step bad = {
        .kind = TESTING_STEP_WRITABLE, .source = TEXT("/none"), .target = TEXT("root/missing"), .is_required = true};
    root = (struct testing_root){.directory = directory, .steps = &bad, .count = 1};
    assert_int_equal(run(&root, fail_root), 0);
    assert_int_equal(run(NULL, fail_directory), 0);
    assert_true(testing_remove_tree(top, directory + 1));
    free(directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(steps_are_executed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

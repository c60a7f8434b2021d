// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tree_fixture.h"

#define ENTRY(name, type) "{\"path\":\"/x\",\"name\":\"" name "\",\"type\":\"" type "\",\"permissions\":\"644\"}"
#define DIRECTORY(name) "{\"path\":\"/x\",\"name\":\"" name "\",\"type\":\"directory\",\"permissions\":\"755\"}"
#define PRIVATE_DIRECTORY "{\"path\":\"/x\",\"name\":\"empty\",\"type\":\"directory\",\"permissions\":\"000\"}"
#define LIST(...)                                                                                                      \
    { .result = "[" __VA_ARGS__ "]" }
#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n"
#define CONTENT(text) "--b\r\nContent-Disposition: form-data; name=files\r\n\r\n" text "\r\n"
#define RESULT(more)                                                                                                   \
    "--b\r\nContent-Disposition: form-data; name=response\r\n\r\n{\"type\":\"sync\",\"result\":[{" more                \
    "}]}\r\n--b--\r\n"
#define FILE_OF(text)                                                                                                  \
    { .bytes = HEAD CONTENT(text) RESULT(""), .closes = true }
#define FAILED(text)                                                                                                   \
    { .bytes = HEAD CONTENT(text) RESULT("\"error\":{\"kind\":\"k\",\"message\":\"no\"}"), .closes = true }

static bool pull(struct with_daemon *with, const struct tree *tree, const char *source, const char *target,
                 struct failures *failures) {
    AUTO_FREE char *directory = tree_path(tree, target);
    const struct pebble_copy_options options = {.size = sizeof options,
                                                .sources = &source,
                                                .source_count = 1,
                                                .directory = directory,
                                                .on_failed = failures != NULL ? on_path_failed : NULL,
                                                .data = failures};
    return pebble_pull_path(with->client, &options, &with->error);
}

static void trees_are_pulled(void **state UNUSED) {
    const struct fake_response script[] = {
        LIST(ENTRY("t", "directory")),
        LIST(ENTRY("a", "file") "," PRIVATE_DIRECTORY
                                "," ENTRY("link", "symlink") "," ENTRY("pipe", "named-pipe") "," DIRECTORY("sub")),
        FILE_OF("A"),
        LIST(),
        FILE_OF("L"),
        LIST(ENTRY("b", "file")),
        FILE_OF("B"),
    };
    mode_t mask = umask(022);
    struct with_daemon with;
    struct tree tree;
    tree_begin(&tree);
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    if (!pull(&with, &tree, "/d/t", "to/here", NULL))
        fail_msg("%s", with.error.message);
    tree_assert_file(&tree, "to/here/t/a", "A");
    tree_assert_file(&tree, "to/here/t/link", "L");
    tree_assert_file(&tree, "to/here/t/sub/b", "B");
    AUTO_FREE char *empty = tree_path(&tree, "to/here/t/empty");
    assert_true(directory_exists(empty));
    tree_assert_nothing(&tree, "to/here/t/pipe");
    assert_int_equal(tree_mode(&tree, "to/here/t/empty"), 0700);
    assert_int_equal(tree_mode(&tree, "to/here/t/sub"), 0755);
    assert_int_equal(tree_mode(&tree, "to/here"), 0755);
    with_daemon_assert_request(&with, 0, "1 GET /v1/files?action=list&itself=true&path=%2Fd%2Ft HTTP/1.1", "");
    with_daemon_assert_request(&with, 1, "1 GET /v1/files?action=list&path=%2Fd%2Ft HTTP/1.1", "");
    with_daemon_assert_request(&with, 2, "1 GET /v1/files?action=read&path=%2Fd%2Ft%2Fa HTTP/1.1", "");
    with_daemon_end(&with);
    tree_end(&tree);
    umask(mask);
}

static void contents_and_files_are_pulled(void **state UNUSED) {
    const struct fake_response contents[] = {LIST(ENTRY("t", "directory")), LIST(ENTRY("a", "file")), FILE_OF("A")};
    const struct fake_response file[] = {LIST(ENTRY("f", "file")), FILE_OF("F")};
    struct with_daemon with;
    struct tree tree;
    tree_begin(&tree);
    with_daemon_begin(&with, contents, ARRAY_COUNT(contents));
    assert_true(pull(&with, &tree, "/d/t/*", "to", NULL));
    tree_assert_file(&tree, "to/a", "A");
    with_daemon_end(&with);
    with_daemon_begin(&with, file, ARRAY_COUNT(file));
    assert_true(pull(&with, &tree, "/d/f", "to", NULL));
    tree_assert_file(&tree, "to/f", "F");
    with_daemon_end(&with);
    tree_end(&tree);
}

static void a_file_that_failed_does_not_stay(void **state UNUSED) {
    const struct fake_response script[] = {
        LIST(ENTRY("t", "directory")), LIST(ENTRY("a", "file") "," ENTRY("b", "file")), FAILED("part"), FILE_OF("B")};
    struct with_daemon with;
    struct tree tree;
    struct failures failures = {.text = BUFFER_INIT(BUFFER_NO_LIMIT)};
    tree_begin(&tree);
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    assert_false(pull(&with, &tree, "/d/t/*", "", &failures));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PATH, "no");
    assert_string_equal(buffer_text(&failures.text), "/d/t/a: no|");
    tree_assert_nothing(&tree, "a");
    tree_assert_file(&tree, "b", "B");
    buffer_finish(&failures.text);
    with_daemon_end(&with);
    tree_end(&tree);
}

static void names_stay_below_the_target(void **state UNUSED) {
    const struct fake_response script[] = {
        LIST(ENTRY("t", "directory")),
        LIST(ENTRY("..", "directory") "," ENTRY("../a", "file") "," ENTRY("", "file") "," ENTRY(".", "directory"))};
    struct with_daemon with;
    struct tree tree;
    struct failures failures = {.text = BUFFER_INIT(BUFFER_NO_LIMIT)};
    tree_begin(&tree);
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    assert_false(pull(&with, &tree, "/t", "to", &failures));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "cannot use file name \"..\"");
    assert_string_equal(buffer_text(&failures.text),
                        "/t: cannot use file name \"..\"|/t: cannot use file name \"../a\"|"
                        "/t: cannot use file name \"\"|/t: cannot use file name \".\"|");
    buffer_finish(&failures.text);
    with_daemon_end(&with);
    tree_end(&tree);
}

static void a_source_is_one_file(void **state UNUSED) {
    static const char *const results[] = {"null", "[]", "[" ENTRY("a", "file") "," ENTRY("b", "file") "]"};
    for (size_t i = 0; i < ARRAY_COUNT(results); i++) {
        const struct fake_response script[] = {{.result = results[i]}};
        struct with_daemon with;
        struct tree tree;
        tree_begin(&tree);
        with_daemon_begin(&with, script, 1);
        assert_false(pull(&with, &tree, "/t", "to", NULL));
        with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "expected exactly one file from API");
        with_daemon_end(&with);
        tree_end(&tree);
    }
}

static void a_tree_without_an_end_is_left(void **state UNUSED) {
    struct fake_response script[300] = {LIST(ENTRY("t", "directory"))};
    struct with_daemon with;
    struct tree tree;
    for (size_t i = 1; i < ARRAY_COUNT(script); i++)
        script[i] = (struct fake_response)LIST(ENTRY("d", "directory"));
    tree_begin(&tree);
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    assert_false(pull(&with, &tree, "/t", "to", NULL));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_FILE);
    assert_non_null(strstr(with.error.message, "/d/d: too many levels of directories"));
    with_daemon_end(&with);
    tree_end(&tree);
}

static void options_are_checked(void **state UNUSED) {
    struct with_daemon with;
    struct pebble_copy_options options = {.size = sizeof options, .source_count = 1, .directory = "/"};
    with_daemon_begin(&with, NULL, 0);
    assert_false(pebble_pull_path(with.client, &options, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use sources: number 1 is NULL");
    options.directory = NULL;
    assert_false(pebble_pull_path(with.client, &options, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use options: no directory");
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_pulled),
        cmocka_unit_test(contents_and_files_are_pulled),
        cmocka_unit_test(a_file_that_failed_does_not_stay),
        cmocka_unit_test(names_stay_below_the_target),
        cmocka_unit_test(a_source_is_one_file),
        cmocka_unit_test(a_tree_without_an_end_is_left),
        cmocka_unit_test(options_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "command_fixture.h"

#include "../client/tree_fixture.h"

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n"
#define CONTENT(text) "--b\r\nContent-Disposition: form-data; name=files\r\n\r\n" text "\r\n"
#define RESULT(more)                                                                                                   \
    "--b\r\nContent-Disposition: form-data; name=response\r\n\r\n{\"type\":\"sync\",\"result\":[{" more "}]}\r\n--b--"
#define GOOD                                                                                                           \
    { .bytes = HEAD CONTENT("content") RESULT(""), .closes = true }
#define BAD                                                                                                            \
    { .bytes = HEAD CONTENT("part") RESULT("\"error\":{\"kind\":\"not-found\",\"message\":\"no\"}"), .closes = true }

static void assert_pull(const char *path, struct fake_response response, const char *message) {
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_pull, ARGUMENTS("/f", path), &response, 1, &printed);
    assert_string_equal(error_text(&printed.err), message);
    assert_int_equal(printed.code, message[0] != '\0');
    assert_string_equal(printed.errors, "");
}

static void a_file_is_written(void **state UNUSED) {
    struct tree tree;
    tree_begin(&tree);
    AUTO_FREE char *path = tree_path(&tree, "file");
    assert_pull(path, (struct fake_response)GOOD, "");
    tree_assert_file(&tree, "file", "content");
    tree_add_file(&tree, "file", "what was there before", 0640);
    assert_pull(path, (struct fake_response)GOOD, "");
    tree_assert_file(&tree, "file", "content");
    tree_end(&tree);
}

static void a_file_that_failed_does_not_stay(void **state UNUSED) {
    struct tree tree;
    tree_begin(&tree);
    AUTO_FREE char *path = tree_path(&tree, "file");
    assert_pull(path, (struct fake_response)BAD, "no");
    tree_assert_nothing(&tree, "file");
    tree_add_file(&tree, "file", "what was there before", 0640);
    assert_pull(path, (struct fake_response)BAD, "no");
    tree_assert_nothing(&tree, "file");
    tree_end(&tree);
}

static void links_and_devices_stay(void **state UNUSED) {
    struct tree tree;
    struct stat status;
    tree_begin(&tree);
    tree_add_file(&tree, "file", "what was there before", 0640);
    AUTO_FREE char *link_path = tree_path(&tree, "link");
    assert_int_equal(symlink("file", link_path), 0);
    assert_pull(link_path, (struct fake_response)BAD, "no");
    assert_int_equal(lstat(link_path, &status), 0);
    tree_assert_file(&tree, "file", "what was there before");
    assert_pull(link_path, (struct fake_response)GOOD, "");
    tree_assert_file(&tree, "file", "content");
    assert_pull("/dev/null", (struct fake_response)BAD, "no");
    assert_int_equal(lstat("/dev/null", &status), 0);
    assert_pull("/dev/full", (struct fake_response)GOOD, "cannot write to target: no space left on device");
    tree_end(&tree);
}

static void standard_output_is_written_where_it_stands(void **state UNUSED) {
    const struct fake_response script[] = {GOOD, BAD};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_pull, ARGUMENTS("/f", "/dev/stdout"), script, 1, &printed);
    assert_int_equal(printed.code, 0);
    assert_string_equal(printed.out, "content");
    run_command(&cmd_pull, ARGUMENTS("/f", "/dev/stdout"), script + 1, 1, &printed);
    assert_int_equal(printed.code, 1);
    assert_string_equal(printed.out, "part");
}

static void the_local_file_comes_first(void **state UNUSED) {
    AUTO_PRINTED struct printed printed = {0};
    const struct fake_response script[] = {GOOD};
    run_command(&cmd_pull, ARGUMENTS("/f", "/no/such/directory"), script, 1, &printed);
    assert_string_equal(error_text(&printed.err), "open /no/such/directory: no such file or directory");
    assert_int_equal(printed.requests.count, 0);
    run_command(&cmd_pull, ARGUMENTS("/f", "/"), script, 1, &printed);
    assert_string_equal(error_text(&printed.err), "open /: is a directory");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_written),          cmocka_unit_test(a_file_that_failed_does_not_stay),
        cmocka_unit_test(links_and_devices_stay),     cmocka_unit_test(standard_output_is_written_where_it_stands),
        cmocka_unit_test(the_local_file_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

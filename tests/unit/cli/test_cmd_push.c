// SPDX-License-Identifier: GPL-3.0-or-later
#include "command_fixture.h"

#include "../client/tree_fixture.h"

#define GOOD                                                                                                           \
    { .result = "[{\"path\":\"/f\"}]" }

// Runs "push ... FILE /f" and returns what was sent as metadata. Owned.
static char *metadata(const struct tree *tree, const char *const *options) {
    const struct fake_response script[] = {GOOD};
    const char *arguments[16] = {0};
    AUTO_PRINTED struct printed printed = {0};
    AUTO_FREE char *path = tree_path(tree, "file");
    size_t count = 0;
    for (; options[count] != NULL; count++)
        arguments[count] = options[count];
    arguments[count++] = path;
    arguments[count] = "/f";
    run_command(&cmd_push, arguments, script, 1, &printed);
    assert_string_equal(error_text(&printed.err), "");
    assert_int_equal(printed.code, 0);
    assert_string_equal(printed.out, "");
    const char *request = printed.requests.items[0];
    assert_non_null(strstr(request, "\r\ncontent\r\n"));
    const char *files = strstr(request, "\"files\":[") + strlen("\"files\":[");
    return memory_string_n(files, strcspn(files, "]"));
}

static void the_local_mode_is_kept(void **state UNUSED) {
    struct tree tree;
    tree_begin(&tree);
    tree_add_file(&tree, "file", "content", 04750);
    char *sent = metadata(&tree, NO_ARGUMENTS);
    assert_string_equal(sent, "{\"path\":\"/f\",\"permissions\":\"750\"}");
    free(sent);
    sent = metadata(&tree, ARGUMENTS("-m", ""));
    assert_string_equal(sent, "{\"path\":\"/f\",\"permissions\":\"750\"}");
    free(sent);
    tree_end(&tree);
}

static void options_are_sent(void **state UNUSED) {
    struct tree tree;
    tree_begin(&tree);
    tree_add_file(&tree, "file", "content", 0600);
    char *sent =
        metadata(&tree, ARGUMENTS("-p", "-m", "7", "--uid", "0", "--user", "root", "--gid=-1", "--group", "g"));
    assert_string_equal(sent, "{\"path\":\"/f\",\"make-dirs\":true,\"permissions\":\"007\",\"user-id\":0,"
                              "\"user\":\"root\",\"group-id\":-1,\"group\":\"g\"}");
    free(sent);
    sent = metadata(&tree, ARGUMENTS("-m", "0"));
    assert_string_equal(sent, "{\"path\":\"/f\"}");
    free(sent);
    sent = metadata(&tree, ARGUMENTS("-m", "01777"));
    assert_string_equal(sent, "{\"path\":\"/f\",\"permissions\":\"1777\"}");
    free(sent);
    tree_end(&tree);
}

static void assert_fails_locally(const char *const *arguments, const char *message) {
    const struct fake_response script[] = {GOOD};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_push, arguments, script, 1, &printed);
    assert_int_equal(printed.code, 1);
    assert_string_equal(error_text(&printed.err), message);
    assert_int_equal(printed.requests.count, 0);
}

static void local_failures_are_reported(void **state UNUSED) {
    assert_fails_locally(ARGUMENTS("/no/such/file", "/f"), "open /no/such/file: no such file or directory");
    assert_fails_locally(ARGUMENTS("/", "/f"), "read /: is a directory");
    assert_fails_locally(ARGUMENTS("-m", "rwx", "/dev/null", "/f"), "invalid mode for directory: \"rwx\"");
    assert_fails_locally(ARGUMENTS("-m", "99", "/dev/null", "/f"), "invalid mode for directory: \"99\"");
    assert_fails_locally(ARGUMENTS("-m", "40000000000", "/dev/null", "/f"),
                         "invalid mode for directory: \"40000000000\"");
}

static void a_refusal_is_reported(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "[{\"path\":\"/f\",\"error\":{\"kind\":\"not-found\",\"message\":\"open /f: no\"}}]"}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_push, ARGUMENTS("/dev/null", "/f"), script, 1, &printed);
    assert_int_equal(printed.code, 1);
    assert_string_equal(error_text(&printed.err), "open /f: no");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_local_mode_is_kept),
        cmocka_unit_test(options_are_sent),
        cmocka_unit_test(local_failures_are_reported),
        cmocka_unit_test(a_refusal_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

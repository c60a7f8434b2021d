// SPDX-License-Identifier: GPL-3.0-or-later
#include "command_fixture.h"

#define FOUR                                                                                                           \
    "{\"ann\":{\"access\":\"admin\",\"local\":{\"user-id\":5}},"                                                       \
    "\"bob\":{\"access\":\"read\",\"basic\":{\"password\":\"*****\"}},"                                                \
    "\"cat\":{\"access\":\"metrics\",\"cert\":{\"pem\":\"*****\"}},"                                                   \
    "\"dan\":{\"access\":\"read\",\"local\":{\"user-id\":6},\"basic\":{\"password\":\"*****\"}}}"

static const struct fake_response four[] = {{.result = FOUR}};
static const struct fake_response none[] = {{.result = "{}"}};
static const struct fake_response done[] = {{.result = "null"}};

static void identities_are_listed(void **state UNUSED) {
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_identities, NO_ARGUMENTS, four, 1, &printed);
    assert_string_equal(printed.out, "Name  Access   Types\n"
                                     "ann   admin    local\n"
                                     "bob   read     basic\n"
                                     "cat   metrics  unknown\n"
                                     "dan   read     basic,local\n");
    assert_int_equal(printed.code, 0);
    run_command(&cmd_identities, NO_ARGUMENTS, none, 1, &printed);
    assert_string_equal(printed.out, "");
    assert_string_equal(printed.errors, "No identities.\n");
    assert_int_equal(printed.code, 0);
    run_command(&cmd_identities, ARGUMENTS("--format=yaml"), none, 1, &printed);
    assert_string_equal(printed.out, "identities: {}\n");
}

static void one_identity_is_shown(void **state UNUSED) {
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_identity, ARGUMENTS("dan"), four, 1, &printed);
    assert_string_equal(printed.out, "access: read\n"
                                     "local:\n"
                                     "    user-id: 6\n"
                                     "basic:\n"
                                     "    password: '*****'\n");
    run_command(&cmd_identity, ARGUMENTS("eve"), four, 1, &printed);
    assert_int_equal(printed.code, 1);
    assert_string_equal(error_text(&printed.err), "cannot find identity \"eve\"");
}

// Runs a command that reads the text from a file, and one that reads it from a pipe.
static void modify(const struct cli_command *command, const char *option, const char *yaml, struct printed *printed) {
    char path[] = "/tmp/test-identities-XXXXXX";
    int fd = mkstemp(path), fds[2];
    assert_int_equal(write(fd, yaml, strlen(yaml)), strlen(yaml));
    run_command(command, ARGUMENTS("--from", path, option), done, 1, printed);
    AUTO_FREE char *out = memory_string(printed->out);
    assert_int_equal(close(fd) + unlink(path) + pipe(fds), 0);
    assert_int_equal(write(fds[1], yaml, strlen(yaml)), strlen(yaml));
    assert_int_equal(close(fds[1]), 0);
    AUTO_FREE char *pipe_path = memory_printf("/dev/fd/%d", fds[0]);
    run_command(command, ARGUMENTS("--from", pipe_path, option), done, 1, printed);
    assert_int_equal(close(fds[0]), 0);
    assert_string_equal(printed->out, out);
}

static void assert_request(const struct printed *printed, const char *body) {
    assert_int_equal(printed->requests.count, 1);
    if (!text_has_suffix(printed->requests.items[0], body))
        fail_msg("%s", printed->requests.items[0]);
}

static void identities_are_modified(void **state UNUSED) {
    AUTO_PRINTED struct printed printed = {0};
    static const char two[] = "identities: {a: {access: read, local: {user-id: 7}}, b: null}";
    modify(&cmd_add_identities, NULL, two, &printed);
    assert_string_equal(printed.out, "Added 2 new identities.\n");
    assert_request(&printed, "{\"action\":\"add\",\"identities\":"
                             "{\"a\":{\"access\":\"read\",\"local\":{\"user-id\":7}},\"b\":null}}");
    modify(&cmd_update_identities, NULL, two, &printed);
    assert_string_equal(printed.out, "Updated 2 identities.\n");
    modify(&cmd_update_identities, "--replace", two, &printed);
    assert_string_equal(printed.out, "Replaced 2 identities.\n");
    modify(&cmd_remove_identities, NULL, "identities: {a: null}", &printed);
    assert_string_equal(printed.out, "Removed 1 identity.\n");
    assert_request(&printed, "{\"action\":\"remove\",\"identities\":{\"a\":null}}");
}

static void only_null_is_removed(void **state UNUSED) {
    AUTO_PRINTED struct printed printed = {0};
    modify(&cmd_remove_identities, NULL, "identities: {a: null, b: {access: read}}", &printed);
    assert_int_equal(printed.code, 1);
    assert_string_equal(error_text(&printed.err), "identity value for \"b\" must be null for remove operation");
    assert_int_equal(printed.requests.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_are_listed),
        cmocka_unit_test(one_identity_is_shown),
        cmocka_unit_test(identities_are_modified),
        cmocka_unit_test(only_null_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

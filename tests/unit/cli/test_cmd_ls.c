// SPDX-License-Identifier: GPL-3.0-or-later
#include "command_fixture.h"

#define OLD ",\"last-modified\":\"2019-03-04T05:05:06.789Z\""
#define OWNER ",\"user-id\":0,\"user\":\"root\",\"group-id\":7,\"group\":\"games\""
#define ENTRY(name, type, permissions, more)                                                                           \
    "{\"path\":\"/d/" name "\",\"name\":\"" name "\",\"type\":\"" type "\",\"permissions\":\"" permissions             \
    "\"" OLD more "}"
#define PLAIN ENTRY("plain", "file", "640", ",\"size\":12345" OWNER)
#define DIRECTORY ENTRY("dir", "directory", "755", ",\"user-id\":12")
#define KINDS                                                                                                          \
    ENTRY("l", "symlink", "777", "")                                                                                   \
    "," ENTRY("s", "socket", "007", "") "," ENTRY("p", "named-pipe", "070", "") "," ENTRY(                             \
        "d", "device", "700", "") "," ENTRY("u", "whatever", "000", "") "," ENTRY("f", "file", "521", "")

static void assert_printed(const char *const *arguments, const char *result, const char *expected) {
    const struct fake_response script[] = {{.result = result}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_ls, arguments, script, 1, &printed);
    assert_string_equal(error_text(&printed.err), "");
    assert_string_equal(printed.out, expected);
    assert_string_equal(printed.errors, "");
    assert_int_equal(printed.code, 0);
}

static void names_are_listed(void **state UNUSED) {
    assert_printed(ARGUMENTS("/d"), "[" DIRECTORY "," PLAIN "]", "dir\nplain\n");
    assert_printed(ARGUMENTS("/d"), "[]", "");
    assert_printed(ARGUMENTS("/d"), "[" ENTRY("a\\u001bb", "file", "640", "") "]", "a\\x1bb\n");
}

static void the_long_format_is_a_table(void **state UNUSED) {
    assert_printed(ARGUMENTS("-l", "/d"), "[" DIRECTORY "," PLAIN "]",
                   "drwxr-xr-x                    -  2019-03-04  dir\n"
                   "-rw-r-----  root  games  12.3kB  2019-03-04  plain\n");
    assert_printed(ARGUMENTS("-l", "/d"), "[" KINDS "]",
                   "Lrwxrwxrwx                 -  2019-03-04  l\n"
                   "S------rwx                 -  2019-03-04  s\n"
                   "p---rwx---                 -  2019-03-04  p\n"
                   "Drwx------                 -  2019-03-04  d\n"
                   "?---------                 -  2019-03-04  u\n"
                   "-r-x-w---x                0B  2019-03-04  f\n");
    assert_printed(ARGUMENTS("-l", "--abs-time", "/d"), "[" ENTRY("x", "file", "640", ",\"size\":1" OWNER) "]",
                   "-rw-r-----  root  games      1B  2019-03-04T05:05:06Z  x\n");
}

static void other_formats_have_all_members(void **state UNUSED) {
    assert_printed(ARGUMENTS("--format", "json", "/d"), "[" DIRECTORY "," PLAIN "]",
                   "{\"files\":[{\"path\":\"/d/dir\",\"name\":\"dir\",\"type\":\"directory\",\"permissions\":\"755\","
                   "\"last-modified\":\"2019-03-04T05:05:06Z\",\"user-id\":12},"
                   "{\"path\":\"/d/plain\",\"name\":\"plain\",\"type\":\"file\",\"size\":12345,\"permissions\":\"640\","
                   "\"last-modified\":\"2019-03-04T05:05:06Z\",\"user-id\":0,\"user\":\"root\",\"group-id\":7,"
                   "\"group\":\"games\"}]}\n");
    assert_printed(ARGUMENTS("--format", "yaml", "/d"), "[" ENTRY("x", "odd", "007", "") "]",
                   "files:\n    - path: /d/x\n      name: x\n      type: unknown\n      permissions: \"007\"\n"
                   "      last-modified: \"2019-03-04T05:05:06Z\"\n");
    assert_printed(ARGUMENTS("--format", "yaml", "/d"), "[]", "files: []\n");
    assert_printed(ARGUMENTS("--format", "json", "/d"), "[]", "{\"files\":[]}\n");
}

static void patterns_are_split_off(void **state UNUSED) {
    static const struct {
        const char *argument, *query;
    } cases[] = {
        {"/d/*.txt", "&path=%2Fd%2F&pattern=%2A.txt"},
        {"/d/[a]//", "&path=%2Fd%2F&pattern=%5Ba%5D"},
        {"/?", "&path=%2F&pattern=%3F"},
        {"*", "&path=&pattern=%2A"},
        {"/d/", "&path=%2Fd%2F"},
        {"/", "&path=%2F"},
        {"/d/a\\b", "&path=%2Fd%2Fa%5Cb"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct fake_response script[] = {{.result = "[]"}};
        AUTO_PRINTED struct printed printed = {0};
        run_command(&cmd_ls, ARGUMENTS(cases[i].argument), script, 1, &printed);
        AUTO_FREE char *line = memory_printf("1 GET /v1/files?action=list%s HTTP/1.1\r\n", cases[i].query);
        assert_true(text_has_prefix(printed.requests.items[0], line));
    }
    const struct fake_response script[] = {{.result = "[]"}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_ls, ARGUMENTS("/*/b"), script, 1, &printed);
    assert_int_equal(printed.code, 1);
    assert_string_equal(error_text(&printed.err), "can only use globs on the last path element");
    assert_int_equal(printed.requests.count, 0);
}

static void a_directory_itself_can_be_listed(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[]"}};
    AUTO_PRINTED struct printed printed = {0};
    run_command(&cmd_ls, ARGUMENTS("-d", "/d"), script, 1, &printed);
    assert_true(text_has_prefix(printed.requests.items[0], "1 GET /v1/files?action=list&itself=true&path=%2Fd "));
}

int main(void) {
    (void)setenv("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_listed),
        cmocka_unit_test(the_long_format_is_a_table),
        cmocka_unit_test(other_formats_have_all_members),
        cmocka_unit_test(patterns_are_split_off),
        cmocka_unit_test(a_directory_itself_can_be_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "with_daemon.h"

#define PLAIN                                                                                                          \
    "{\"path\":\"/d/plain\",\"name\":\"plain\",\"type\":\"file\",\"size\":5,\"permissions\":\"640\","                  \
    "\"last-modified\":\"1970-01-01T00:00:01Z\",\"user-id\":0,\"user\":\"root\",\"group-id\":7,\"group\":\"g\"}"
#define FOREIGN                                                                                                        \
    "{\"path\":\"/d/x\",\"name\":\"x\",\"type\":\"directory\",\"size\":null,\"permissions\":\"4755\","                 \
    "\"last-modified\":\"1970-01-01T01:00:00+01:00\",\"user-id\":4294967295,\"user\":\"\",\"group-id\":null}"
#define FAILURE(status)                                                                                                \
    "{\"type\":\"error\",\"status-code\":" #status ",\"result\":{\"message\":\"cannot do "                             \
    "it\",\"kind\":\"not-found\"}}"

static void files_are_listed(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[" PLAIN "," FOREIGN "]"}};
    struct with_daemon with;
    struct pebble_files *files;
    const char *text;
    int64_t size = -7;
    uint32_t id = 1;
    with_daemon_begin(&with, script, 1);
    assert_true(pebble_list_files(with.client, "/d", NULL, &files, &with.error));
    assert_int_equal(pebble_files_count(files), 2);
    assert_null(pebble_files_at(files, 2));
    const struct pebble_file *file = pebble_files_at(files, 0);
    assert_string_equal(pebble_file_path(file), "/d/plain");
    assert_string_equal(pebble_file_name(file), "plain");
    assert_string_equal(pebble_file_type(file), "file");
    assert_true(pebble_file_size(file, &size) && size == 5);
    assert_int_equal(pebble_file_permissions(file), 0640);
    assert_int_equal(pebble_file_last_modified_ns(file, &text), 1000000000);
    assert_string_equal(text, "1970-01-01T00:00:01Z");
    assert_true(pebble_file_user_id(file, &id) && id == 0);
    assert_string_equal(pebble_file_user(file), "root");
    assert_true(pebble_file_group_id(file, &id) && id == 7);
    assert_string_equal(pebble_file_group(file), "g");
    file = pebble_files_at(files, 1);
    assert_false(pebble_file_size(file, &size));
    assert_int_equal(size, 5);
    assert_int_equal(pebble_file_permissions(file), 0755);
    assert_int_equal(pebble_file_last_modified_ns(file, NULL), 0);
    assert_true(pebble_file_user_id(file, &id) && id == UINT32_MAX);
    assert_null(pebble_file_user(file));
    assert_false(pebble_file_group_id(file, NULL));
    assert_null(pebble_file_group(file));
    pebble_files_destroy(files);
    with_daemon_assert_request(&with, 0, "1 GET /v1/files?action=list&path=%2Fd HTTP/1.1", "");
    with_daemon_end(&with);
}

static void options_are_sent(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[]"}, {.result = "null"}};
    struct with_daemon with;
    struct pebble_files *files;
    struct pebble_list_options options = {.size = sizeof options, .pattern = "*.t", .flags = PEBBLE_LIST_ITSELF};
    with_daemon_begin(&with, script, 2);
    assert_true(pebble_list_files(with.client, "/a b", &options, &files, &with.error));
    assert_int_equal(pebble_files_count(files), 0);
    pebble_files_destroy(files);
    options = (struct pebble_list_options){.size = sizeof options, .pattern = ""};
    assert_true(pebble_list_files(with.client, "/", &options, &files, &with.error));
    assert_int_equal(pebble_files_count(files), 0);
    pebble_files_destroy(files);
    options.flags = 2;
    assert_false(pebble_list_files(with.client, "/", &options, &files, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use options: unknown flags 0x2");
    with_daemon_assert_request(&with, 0, "1 GET /v1/files?action=list&itself=true&path=%2Fa+b&pattern=%2A.t HTTP/1.1",
                               "");
    with_daemon_assert_request(&with, 1, "1 GET /v1/files?action=list&path=%2F HTTP/1.1", "");
    with_daemon_end(&with);
}

static void lists_that_are_wrong_are_refused(void **state UNUSED) {
    static const struct {
        const char *result, *message;
    } cases[] = {
        {"{}", "cannot unmarshal: not a list where one is due"},
        {"[1]", "cannot unmarshal: not an object where one is due"},
        {"[{\"name\":\"x\"}]", "remote file \"x\" has invalid permission bits: \"\""},
        {"[{\"name\":\"x\",\"permissions\":\"68a\"}]", "remote file \"x\" has invalid permission bits: \"68a\""},
        {"[{\"permissions\":\"644\",\"size\":\"5\"}]", "cannot unmarshal: \"size\" is not an integer"},
        {"[{\"permissions\":\"644\",\"last-modified\":\"now\"}]", "cannot unmarshal: \"last-modified\" is not a time"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct fake_response script[] = {{.result = cases[i].result}};
        struct with_daemon with;
        struct pebble_files *files;
        with_daemon_begin(&with, script, 1);
        assert_false(pebble_list_files(with.client, "/d", NULL, &files, &with.error));
        with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, cases[i].message);
        with_daemon_end(&with);
    }
}

static void what_is_there_can_be_asked(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = "[" PLAIN "]"},
        {.json = FAILURE(404), .status = 404},
        {.json = FAILURE(403), .status = 403},
        {.result = "[" FOREIGN "]"},
        {.result = "[" PLAIN "]"},
        {.json = FAILURE(404), .status = 404},
        {.result = "[]"},
    };
    struct with_daemon with;
    bool is_so = false;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    assert_true(pebble_file_exists(with.client, "/d/plain", &is_so, &with.error) && is_so);
    assert_true(pebble_file_exists(with.client, "/d/none", &is_so, &with.error) && !is_so);
    is_so = true;
    assert_false(pebble_file_exists(with.client, "/d/secret", &is_so, &with.error));
    assert_true(is_so);
    with_daemon_assert_error(&with, PEBBLE_ERROR_API, "cannot do it");
    assert_true(pebble_is_directory(with.client, "/d/x", &is_so, NULL) && is_so);
    assert_true(pebble_is_directory(with.client, "/d/plain", &is_so, NULL) && !is_so);
    assert_true(pebble_is_directory(with.client, "/d/none", &is_so, NULL) && !is_so);
    assert_false(pebble_is_directory(with.client, "/d", &is_so, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, "expected exactly one file from API");
    with_daemon_assert_request(&with, 0, "1 GET /v1/files?action=list&itself=true&path=%2Fd%2Fplain HTTP/1.1", "");
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_listed),
        cmocka_unit_test(options_are_sent),
        cmocka_unit_test(lists_that_are_wrong_are_refused),
        cmocka_unit_test(what_is_there_can_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

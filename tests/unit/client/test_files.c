// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/files_internal.h"
#include "with_daemon.h"

#define GOOD "[{\"path\":\"/d\"}]"
#define BAD "[{\"path\":\"/d\",\"error\":{\"kind\":\"permission-denied\",\"message\":\"mkdir /d: permission denied\"}}]"

static void directories_are_made(void **state UNUSED) {
    const struct fake_response script[] = {{.result = GOOD}, {.result = GOOD}};
    struct with_daemon with;
    const int64_t user_id = 0, group_id = -1;
    struct pebble_directory_options options = {.size = sizeof options, .path = "/d"};
    with_daemon_begin(&with, script, 2);
    assert_true(pebble_make_directory(with.client, &options, &with.error));
    options = (struct pebble_directory_options){.size = sizeof options,
                                                .path = "/\"d\"",
                                                .flags = PEBBLE_DIRECTORY_MAKE_PARENTS,
                                                .permissions = 07,
                                                .user_id = &user_id,
                                                .user = "root",
                                                .group_id = &group_id,
                                                .group = "games"};
    assert_true(pebble_make_directory(with.client, &options, &with.error));
    with_daemon_assert_request(&with, 0, "1 POST /v1/files HTTP/1.1",
                               "{\"action\":\"make-dirs\",\"dirs\":[{\"path\":\"/d\"}]}");
    with_daemon_assert_request(&with, 1, "1 POST /v1/files HTTP/1.1",
                               "{\"action\":\"make-dirs\",\"dirs\":[{\"path\":\"/\\\"d\\\"\",\"make-parents\":true,"
                               "\"permissions\":\"007\",\"user-id\":0,\"user\":\"root\",\"group-id\":-1,"
                               "\"group\":\"games\"}]}");
    with_daemon_end(&with);
}

static void paths_are_removed(void **state UNUSED) {
    const struct fake_response script[] = {{.result = GOOD}, {.result = GOOD}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    assert_true(pebble_remove_path(with.client, "/d", 0, &with.error));
    assert_true(pebble_remove_path(with.client, "/d", PEBBLE_REMOVE_RECURSIVE, &with.error));
    assert_false(pebble_remove_path(with.client, "/d", 6, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use options: unknown flags 0x6");
    with_daemon_assert_request(&with, 0, "1 POST /v1/files HTTP/1.1",
                               "{\"action\":\"remove\",\"paths\":[{\"path\":\"/d\"}]}");
    with_daemon_assert_request(&with, 1, "1 POST /v1/files HTTP/1.1",
                               "{\"action\":\"remove\",\"paths\":[{\"path\":\"/d\",\"recursive\":true}]}");
    with_daemon_end(&with);
}

static void a_path_that_failed_is_an_error_of_the_path(void **state UNUSED) {
    const struct fake_response script[] = {
        {.result = BAD},
        {.result = BAD},
        {.result = "[{\"error\":{\"kind\":\"not-found\",\"message\":\"\"}}]"},
        {.result = "[{\"error\":{}}]"},
    };
    struct with_daemon with;
    const struct pebble_directory_options options = {.size = sizeof options, .path = "/d"};
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    assert_false(pebble_make_directory(with.client, &options, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PATH, "mkdir /d: permission denied");
    assert_string_equal(with.error.api_kind, "permission-denied");
    assert_int_equal(with.error.status, 0);
    assert_false(pebble_remove_path(with.client, "/d", 0, NULL));
    assert_false(pebble_remove_path(with.client, "/d", 0, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PATH, "unknown error");
    assert_string_equal(with.error.api_kind, "not-found");
    assert_false(pebble_remove_path(with.client, "/d", 0, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_PATH, "unknown error");
    assert_null(with.error.api_kind);
    with_daemon_end(&with);
}

static void other_results_are_refused(void **state UNUSED) {
    static const struct {
        const char *result, *message;
    } cases[] = {
        {"null", "expected exactly one result from API, got 0"},
        {"{}", "expected exactly one result from API, got 0"},
        {"[{},{}]", "expected exactly one result from API, got 2"},
        {"[7]", "cannot unmarshal: not an object where one is due"},
        {"[null]", "cannot unmarshal: not an object where one is due"},
        {"[{\"path\":7}]", "cannot unmarshal: \"path\" is not a string"},
        {"[{\"error\":\"oops\"}]", "cannot unmarshal: not an object where one is due"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const struct fake_response script[] = {{.result = cases[i].result}};
        struct with_daemon with;
        with_daemon_begin(&with, script, 1);
        assert_false(pebble_remove_path(with.client, "/d", 0, &with.error));
        with_daemon_assert_error(&with, PEBBLE_ERROR_PROTOCOL, cases[i].message);
        with_daemon_end(&with);
    }
}

static void a_path_is_required(void **state UNUSED) {
    struct with_daemon with;
    const struct pebble_directory_options options = {.size = sizeof options};
    with_daemon_begin(&with, NULL, 0);
    assert_false(pebble_make_directory(with.client, &options, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot use options: no path");
    with_daemon_end(&with);
}

static void permissions_have_three_digits_at_least(void **state UNUSED) {
    char text[CLIENT_PERMISSIONS_SIZE];
    assert_null(client_permissions_text(0, text));
    assert_string_equal(client_permissions_text(01, text), "001");
    assert_string_equal(client_permissions_text(01777, text), "1777");
    assert_string_equal(client_permissions_text(UINT32_MAX, text), "37777777777");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories_are_made),
        cmocka_unit_test(paths_are_removed),
        cmocka_unit_test(a_path_that_failed_is_an_error_of_the_path),
        cmocka_unit_test(other_results_are_refused),
        cmocka_unit_test(a_path_is_required),
        cmocka_unit_test(permissions_have_three_digits_at_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

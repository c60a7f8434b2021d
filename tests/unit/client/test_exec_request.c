// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "client/errors.h"
#include "client/exec_internal.h"

static void assert_request(const struct pebble_exec_options *options, const char *expected) {
    struct pebble_exec_options own;
    AUTO_BUFFER struct buffer body = BUFFER_INIT(BUFFER_NO_LIMIT);
    assert_true(client_exec_read_options(&own, options, NULL));
    client_exec_write_request(&body, &own);
    assert_string_equal(buffer_text(&body), expected);
}

static void only_what_is_given_is_sent(void **state UNUSED) {
    const char *words[] = {"sh", "-c", "echo \"<a>\""};
    const struct pebble_exec_options options = {.size = sizeof options, .words = words, .word_count = 3};
    assert_request(&options, "{\"command\":[\"sh\",\"-c\",\"echo \\\"<a>\\\"\"]}");
}

static void all_options_are_sent(void **state UNUSED) {
    const char *words[] = {"id"}, *names[] = {"A", "B", "A"}, *values[] = {"old", "", "new"};
    const int64_t user_id = 0, group_id = UINT32_MAX;
    const struct pebble_exec_options options = {
        .size = sizeof options,
        .words = words,
        .word_count = 1,
        .service_context = "web",
        .environment_names = names,
        .environment_values = values,
        .environment_count = 3,
        .working_dir = "/srv",
        .timeout_ns = 1500000,
        .user_id = &user_id,
        .user = "root",
        .group_id = &group_id,
        .group = "games",
        .flags = PEBBLE_EXEC_SPLIT_STDERR | PEBBLE_EXEC_TERMINAL | PEBBLE_EXEC_INTERACTIVE,
        .columns = 100,
        .rows = 40,
    };
    assert_request(&options,
                   "{\"command\":[\"id\"],\"service-context\":\"web\",\"environment\":{\"B\":\"\",\"A\":\"new\"},"
                   "\"working-dir\":\"/srv\",\"timeout\":\"1.5ms\",\"user-id\":0,\"user\":\"root\","
                   "\"group-id\":4294967295,\"group\":\"games\",\"terminal\":true,\"interactive\":true,"
                   "\"split-stderr\":true,\"width\":100,\"height\":40}");
}

static void time_may_be_over_before_it_begins(void **state UNUSED) {
    const char *words[] = {"id"};
    const struct pebble_exec_options options = {
        .size = sizeof options, .words = words, .word_count = 1, .timeout_ns = -INT64_C(1000000000)};
    assert_request(&options, "{\"command\":[\"id\"],\"timeout\":\"-1s\"}");
}

static void wrong_options_are_refused(void **state UNUSED) {
    const char *words[] = {"id"};
    const struct {
        struct pebble_exec_options options;
        const char *message;
    } cases[] = {
        {{.words = words, .word_count = 1}, "cannot use options: their size is not set"},
        {{.size = sizeof cases[0].options}, "cannot use options: there is no command"},
        {{.size = sizeof cases[0].options, .words = words, .word_count = 1, .flags = 9},
         "cannot use options: unknown flags 0x8"},
        {{.size = sizeof cases[0].options, .words = words, .word_count = 1, .rows = -1},
         "cannot use options: invalid size of the terminal"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct pebble_exec_options own;
        AUTO_PEBBLE_ERROR struct pebble_error error = {0};
        assert_false(client_exec_read_options(&own, &cases[i].options, &error));
        assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
        assert_string_equal(error.message, cases[i].message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_given_is_sent),
        cmocka_unit_test(all_options_are_sent),
        cmocka_unit_test(time_may_be_over_before_it_begins),
        cmocka_unit_test(wrong_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

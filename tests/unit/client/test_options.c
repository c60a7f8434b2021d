// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "client/errors.h"
#include "client/options_internal.h"

struct known {
    size_t size;
    const char *text;
    int64_t number;
};

struct newer {
    struct known known;
    int64_t more;
};

static void assert_refused(const void *given, const char *message) {
    struct known own;
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_false(client_options_read(&own, sizeof own, given, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    assert_string_equal(error.message, message);
}

static void what_an_older_program_does_not_have_is_zero(void **state UNUSED) {
    struct known own;
    struct known given = {.size = offsetof(struct known, number), .text = "x", .number = 7};
    assert_true(client_options_read(&own, sizeof own, &given, NULL));
    assert_string_equal(own.text, "x");
    assert_int_equal(own.number, 0);
    given.size = sizeof given;
    assert_true(client_options_read(&own, sizeof own, &given, NULL));
    assert_int_equal(own.number, 7);
    assert_true(client_options_read(&own, sizeof own, NULL, NULL));
    assert_null(own.text);
}

static void what_a_newer_program_sets_is_not_passed_over(void **state UNUSED) {
    struct known own;
    struct newer given = {.known = {.size = sizeof given, .number = 7}};
    assert_true(client_options_read(&own, sizeof own, &given, NULL));
    assert_int_equal(own.number, 7);
    given.more = 1;
    assert_refused(&given, "cannot use options: they need a newer version of libpebble");
}

static void options_without_their_size_are_refused(void **state UNUSED) {
    const struct known given = {.text = "x"};
    assert_refused(&given, "cannot use options: their size is not set");
    const struct known random = {.size = SIZE_MAX};
    assert_refused(&random, "cannot use options: their size is not set");
}

static void unknown_flags_are_refused(void **state UNUSED) {
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_true(client_options_check_flags(0, 3, NULL));
    assert_true(client_options_check_flags(3, 3, NULL));
    assert_false(client_options_check_flags(0x12, 3, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    assert_string_equal(error.message, "cannot use options: unknown flags 0x10");
}

static void descriptors_are_checked(void **state UNUSED) {
    const int fd = 0, failed = -1;
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_true(client_options_check_fd(NULL, NULL));
    assert_true(client_options_check_fd(&fd, NULL));
    assert_false(client_options_check_fd(&failed, &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
}

static void text_is_utf8(void **state UNUSED) {
    AUTO_PEBBLE_ERROR struct pebble_error error = {0};
    assert_true(client_options_check_text("path", NULL, NULL));
    assert_true(client_options_check_text("path",
                                          "/gr\xc3\xb6\xc3\x9f"
                                          "e",
                                          NULL));
    assert_false(client_options_check_text("path", "/a\xff", &error));
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    assert_string_equal(error.message, "cannot use path \"/a\\xff\": not UTF-8");
}

// NULL in the place of an array, and in an array.
static void arrays_are_checked(void **state UNUSED) {
    static const char *const with_null[] = {"a", NULL};
    struct pebble_error error = {0};
    assert_true(client_options_check_texts("names", NULL, 0, &error));
    assert_true(client_options_check_texts("names", with_null, 1, &error));
    assert_false(client_options_check_texts("names", with_null, 2, &error));
    assert_string_equal(error.message, "cannot use names: number 2 is NULL");
    pebble_error_clear(&error);
    assert_false(client_options_check_texts("names", NULL, 1, &error));
    assert_string_equal(error.message, "cannot use names: number 1 is NULL");
    assert_int_equal(error.kind, PEBBLE_ERROR_ARGUMENT);
    pebble_error_clear(&error);
}

static void assert_array_refused(bool is_created, struct pebble_error *error) {
    assert_false(is_created);
    assert_int_equal(error->kind, PEBBLE_ERROR_ARGUMENT);
    assert_non_null(strstr(error->message, "number 2 is NULL"));
    pebble_error_clear(error);
}

static void calls_with_null_in_an_array_are_refused(void **state UNUSED) {
    static const char *const with_null[] = {"a", NULL}, *const whole[] = {"a", "b"};
    const struct pebble_client_options options = {.size = sizeof options, .socket_path = "/x"};
    const struct pebble_log_options logs = {.size = sizeof logs, .services = with_null, .service_count = 2};
    struct pebble_notice_options notices = {.size = sizeof notices, .types = with_null, .type_count = 2};
    struct pebble_notify_options notify = {
        .size = sizeof notify, .key = "a.b/c", .names = with_null, .values = whole, .data_count = 2};
    struct pebble_exec_options exec = {.size = sizeof exec, .words = with_null, .word_count = 2};
    struct pebble_client *client = NULL;
    struct pebble_call *call = NULL;
    struct pebble_error error = {0};
    assert_true(pebble_client_create(&options, &client, NULL));
    assert_array_refused(pebble_call_get_health(client, NULL, with_null, 2, &call, &error), &error);
    assert_array_refused(pebble_call_get_services(client, with_null, 2, &call, &error), &error);
    assert_array_refused(pebble_call_control_services(client, "start", with_null, 2, &call, &error), &error);
    assert_array_refused(pebble_call_send_signal(client, "SIGHUP", with_null, 2, &call, &error), &error);
    assert_array_refused(pebble_call_get_checks(client, NULL, with_null, 2, &call, &error), &error);
    assert_array_refused(pebble_call_control_checks(client, "start", with_null, 2, &call, &error), &error);
    assert_array_refused(pebble_call_get_logs(client, &logs, &call, &error), &error);
    assert_array_refused(pebble_call_get_notices(client, &notices, &call, &error), &error);
    notices = (struct pebble_notice_options){.size = sizeof notices, .keys = with_null, .key_count = 2};
    assert_array_refused(pebble_call_get_notices(client, &notices, &call, &error), &error);
    assert_array_refused(pebble_call_notify(client, &notify, &call, &error), &error);
    notify.names = whole;
    notify.values = with_null;
    assert_array_refused(pebble_call_notify(client, &notify, &call, &error), &error);
    assert_array_refused(pebble_call_exec(client, &exec, &call, &error), &error);
    exec = (struct pebble_exec_options){.size = sizeof exec,
                                        .words = whole,
                                        .word_count = 2,
                                        .environment_names = whole,
                                        .environment_values = with_null,
                                        .environment_count = 2};
    assert_array_refused(pebble_call_exec(client, &exec, &call, &error), &error);
    assert_false(pebble_call_get_notice(client, NULL, &call, &error));
    assert_string_equal(error.message, "invalid notice ID \"\"");
    pebble_error_clear(&error);
    assert_null(call);
    pebble_client_destroy(client);
}

static void only_what_is_given_is_written(void **state UNUSED) {
    const int64_t zero = 0;
    AUTO_BUFFER struct buffer text = BUFFER_INIT(BUFFER_NO_LIMIT);
    struct json_writer writer;
    json_writer_init(&writer, &text, false);
    json_writer_begin_object(&writer);
    client_options_write_text(&writer, "a", NULL);
    client_options_write_text(&writer, "b", "");
    client_options_write_text(&writer, "c", "x");
    client_options_write_number(&writer, "d", NULL);
    client_options_write_number(&writer, "e", &zero);
    json_writer_end_object(&writer);
    assert_string_equal(buffer_text(&text), "{\"c\":\"x\",\"e\":0}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_older_program_does_not_have_is_zero),
        cmocka_unit_test(what_a_newer_program_sets_is_not_passed_over),
        cmocka_unit_test(options_without_their_size_are_refused),
        cmocka_unit_test(unknown_flags_are_refused),
        cmocka_unit_test(descriptors_are_checked),
        cmocka_unit_test(text_is_utf8),
        cmocka_unit_test(arrays_are_checked),
        cmocka_unit_test(calls_with_null_in_an_array_are_refused),
        cmocka_unit_test(only_what_is_given_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

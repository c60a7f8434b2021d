// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "with_daemon.h"

#define NOTICE "{\"id\":\"7\",\"user-id\":null,\"type\":\"custom\",\"key\":\"a.b/c\",\"occurrences\":1}"

static void notices_are_listed(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "[" NOTICE ",{\"id\":\"8\"}]"}, {.result = "[]"}};
    const char *const types[] = {"custom", "warning"}, *const keys[] = {"a.b/c", "x&y"};
    const uint32_t user_id = 0;
    const struct pebble_notice_options options = {.size = sizeof options,
                                                  .types = types,
                                                  .type_count = 2,
                                                  .keys = keys,
                                                  .key_count = 2,
                                                  .user_id = &user_id,
                                                  .users = "all",
                                                  .after_ns = 1000000001,
                                                  .wait_ns = 90000000000};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    struct pebble_notices *notices = NULL;
    assert_true(pebble_get_notices(with.client, NULL, &notices, &with.error));
    assert_int_equal(pebble_notices_count(notices), 2);
    assert_string_equal(pebble_notice_key(pebble_notices_at(notices, 0)), "a.b/c");
    assert_string_equal(pebble_notice_id(pebble_notices_at(notices, 1)), "8");
    assert_null(pebble_notices_at(notices, 2));
    pebble_notices_destroy(notices);
    pebble_notices_destroy(NULL);
    assert_true(pebble_get_notices(with.client, &options, &notices, &with.error));
    assert_int_equal(pebble_notices_count(notices), 0);
    pebble_notices_destroy(notices);
    with_daemon_assert_request(&with, 0, "1 GET /v1/notices HTTP/1.1", "");
    with_daemon_assert_request(&with, 1,
                               "1 GET /v1/notices?after=1970-01-01T00%3A00%3A01.000000001Z&keys=a.b%2Fc&keys=x%26y&"
                               "timeout=1m30s&types=custom&types=warning&user-id=0&users=all HTTP/1.1",
                               "");
    with_daemon_end(&with);
}

static void one_notice_is_read(void **state UNUSED) {
    const struct fake_response script[] = {{.result = NOTICE}, {.result = "[]"}};
    struct with_daemon with;
    with_daemon_begin(&with, script, 2);
    struct pebble_notice *notice = NULL;
    assert_false(pebble_get_notice(with.client, "No!", &notice, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "invalid notice ID \"No!\"");
    assert_true(pebble_get_notice(with.client, "7", &notice, &with.error));
    assert_string_equal(pebble_notice_id(notice), "7");
    pebble_notice_destroy(notice);
    assert_false(pebble_get_notice(with.client, "7", &notice, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    with_daemon_assert_request(&with, 0, "1 GET /v1/notices/7 HTTP/1.1", "");
    with_daemon_end(&with);
}

static void lists_of_the_wrong_form_are_refused(void **state UNUSED) {
    static const char *const results[] = {"{}", "[7]", "[" NOTICE ",{\"id\":7}]"};
    struct fake_response script[ARRAY_COUNT(results)] = {0};
    for (size_t i = 0; i < ARRAY_COUNT(results); i++)
        script[i].result = results[i];
    struct with_daemon with;
    with_daemon_begin(&with, script, ARRAY_COUNT(script));
    for (size_t i = 0; i < ARRAY_COUNT(results); i++) {
        struct pebble_notices *notices = NULL;
        assert_false(pebble_get_notices(with.client, NULL, &notices, &with.error));
        assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    }
    with_daemon_end(&with);
}

static void a_notice_is_recorded(void **state UNUSED) {
    const struct fake_response script[] = {{.result = "{\"id\":\"7\"}"}, {.result = "{\"id\":\"8\"}"}, {.result = "7"}};
    const char *const names[] = {"n", "<"}, *const values[] = {"v", "\""};
    const struct pebble_notify_options plain = {.size = sizeof plain, .key = "a.b/c"};
    const struct pebble_notify_options rich = {
        .size = sizeof rich, .key = "a.b/c", .names = names, .values = values, .data_count = 2, .repeat_after_ns = 1};
    const struct pebble_notify_options none = {.size = sizeof none};
    struct with_daemon with;
    with_daemon_begin(&with, script, 3);
    char *id = NULL;
    assert_true(pebble_notify(with.client, &plain, &id, &with.error));
    assert_string_equal(id, "7");
    pebble_free(id);
    assert_true(pebble_notify(with.client, &rich, NULL, &with.error));
    assert_false(pebble_notify(with.client, &plain, &id, &with.error));
    assert_int_equal(with.error.kind, PEBBLE_ERROR_PROTOCOL);
    assert_false(pebble_notify(with.client, &none, &id, &with.error));
    with_daemon_assert_error(&with, PEBBLE_ERROR_ARGUMENT, "cannot record notice: it has no key");
    with_daemon_assert_request(&with, 0, "1 POST /v1/notices HTTP/1.1",
                               "{\"action\":\"add\",\"type\":\"custom\",\"key\":\"a.b/c\"}");
    with_daemon_assert_request(&with, 1, "1 POST /v1/notices HTTP/1.1",
                               "{\"action\":\"add\",\"type\":\"custom\",\"key\":\"a.b/c\",\"repeat-after\":\"1ns\","
                               "\"data\":{\"n\":\"v\",\"<\":\"\\\"\"}}");
    with_daemon_end(&with);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notices_are_listed),
        cmocka_unit_test(one_notice_is_read),
        cmocka_unit_test(lists_of_the_wrong_form_are_refused),
        cmocka_unit_test(a_notice_is_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/compiler.h"
#include "base/memory.h"
#include "client/notice_internal.h"

static struct pebble_notice *notice_of(const char *text, struct error *err) {
    AUTO_JSON json_t *value = NULL;
    struct pebble_notice *notice = memory_new(sizeof *notice);
    assert_true(json_read(text, strlen(text), &value, NULL));
    client_notice_read(value, notice, err);
    return notice;
}

static void all_members_are_read(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    struct pebble_notice *notice =
        notice_of("{\"id\":\"7\",\"user-id\":4294967295,\"type\":\"custom\",\"key\":\"a.b/c\","
                  "\"first-occurred\":\"1970-01-01T00:00:01Z\",\"last-occurred\":\"1970-01-01T00:00:03Z\","
                  "\"last-repeated\":\"1970-01-01T00:00:02Z\",\"occurrences\":3,\"last-data\":{\"k\":\"v\"},"
                  "\"repeat-after\":\"1h30m0s\",\"expire-after\":\"168h0m0s\"}",
                  &err);
    const char *text = NULL;
    uint32_t user_id = 0;
    assert_false(error_is_set(&err));
    assert_string_equal(pebble_notice_id(notice), "7");
    assert_true(pebble_notice_user_id(notice, &user_id));
    assert_int_equal(user_id, UINT32_MAX);
    assert_string_equal(pebble_notice_type(notice), "custom");
    assert_string_equal(pebble_notice_key(notice), "a.b/c");
    assert_int_equal(pebble_notice_first_occurred_ns(notice, NULL), 1000000000);
    assert_int_equal(pebble_notice_last_occurred_ns(notice, NULL), 3000000000);
    assert_int_equal(pebble_notice_last_repeated_ns(notice, &text), 2000000000);
    assert_string_equal(text, "1970-01-01T00:00:02Z");
    assert_int_equal(pebble_notice_occurrences(notice), 3);
    assert_string_equal(pebble_notice_data(notice), "{\"k\":\"v\"}");
    assert_int_equal(pebble_notice_repeat_after_ns(notice, &text), 5400000000000);
    assert_string_equal(text, "1h30m0s");
    assert_int_equal(pebble_notice_expire_after_ns(notice, NULL), 604800000000000);
    pebble_notice_destroy(notice);
    pebble_notice_destroy(NULL);
}

static void what_is_absent_is_empty(void **state UNUSED) {
    AUTO_ERROR struct error err = {0};
    struct pebble_notice *notice = notice_of("{\"user-id\":null}", &err);
    const char *text = "x";
    uint32_t user_id = 5;
    assert_false(error_is_set(&err));
    assert_string_equal(pebble_notice_key(notice), "");
    assert_false(pebble_notice_user_id(notice, &user_id));
    assert_int_equal(user_id, 5);
    assert_null(pebble_notice_data(notice));
    assert_int_equal(pebble_notice_repeat_after_ns(notice, &text), 0);
    assert_null(text);
    assert_int_equal(pebble_notice_last_repeated_ns(notice, &text), 0);
    assert_null(text);
    pebble_notice_destroy(notice);
}

static void members_of_the_wrong_form_are_noted(void **state UNUSED) {
    static const char *const texts[] = {"[]",
                                        "{\"id\":7}",
                                        "{\"user-id\":\"root\"}",
                                        "{\"user-id\":-1}",
                                        "{\"user-id\":4294967296}",
                                        "{\"last-repeated\":\"soon\"}",
                                        "{\"last-data\":[]}",
                                        "{\"repeat-after\":\"soon\"}",
                                        "{\"expire-after\":7}"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        AUTO_ERROR struct error err = {0};
        pebble_notice_destroy(notice_of(texts[i], &err));
        if (!error_is_set(&err))
            fail_msg("%s is accepted", texts[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_members_are_read),
        cmocka_unit_test(what_is_absent_is_empty),
        cmocka_unit_test(members_of_the_wrong_form_are_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

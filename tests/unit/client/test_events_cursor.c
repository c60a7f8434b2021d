// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/memory.h"
#include "client/errors.h"
#include "client/events_cursor_internal.h"
#include "client/notices_internal.h"

#define AT(nanoseconds) "1970-01-01T00:00:00.00000000" nanoseconds "Z"
#define NOTICE(id, nanoseconds) "{\"id\":\"" id "\",\"last-repeated\":\"" AT(nanoseconds) "\"}"

static struct pebble_notices *read_list(const char *text) {
    AUTO_JSON json_t *list = NULL;
    assert_true(json_read(text, strlen(text), &list, NULL));
    struct pebble_notices *notices = client_notices_read(list, NULL);
    assert_non_null(notices);
    return notices;
}

static void assert_passes(struct client_cursor *cursor, const char *id, int64_t position_ns) {
    assert_string_equal(pebble_notice_id(client_cursor_notice(cursor)), id);
    client_cursor_pass(cursor);
    assert_int_equal(cursor->position_ns, position_ns);
}

static void position_follows_the_notices(void **state UNUSED) {
    struct client_cursor cursor;
    client_cursor_init(&cursor, 0);
    assert_null(client_cursor_notice(&cursor));
    assert_true(client_cursor_take(&cursor, read_list("[" NOTICE("1", "1") "," NOTICE("2", "3") "]"), NULL));
    assert_int_equal(cursor.position_ns, 0);
    assert_passes(&cursor, "1", 1);
    assert_passes(&cursor, "2", 3);
    assert_null(client_cursor_notice(&cursor));
    assert_true(client_cursor_take(&cursor, read_list("[" NOTICE("1", "4") "]"), NULL));
    assert_int_equal(cursor.position_ns, 3);
    assert_passes(&cursor, "1", 4);
    assert_true(client_cursor_take(&cursor, read_list("[]"), NULL));
    assert_null(client_cursor_notice(&cursor));
    client_cursor_finish(&cursor);
    assert_int_equal(cursor.position_ns, 4);
}

static void position_is_not_between_notices_of_one_time(void **state UNUSED) {
    struct client_cursor cursor;
    client_cursor_init(&cursor, 1);
    const char *list = "[" NOTICE("1", "2") "," NOTICE("2", "2") "," NOTICE("3", "2") "," NOTICE("4", "5") "]";
    assert_true(client_cursor_take(&cursor, read_list(list), NULL));
    assert_passes(&cursor, "1", 1);
    assert_passes(&cursor, "2", 1);
    assert_passes(&cursor, "3", 2);
    assert_passes(&cursor, "4", 5);
    client_cursor_finish(&cursor);
}

static void a_notice_that_is_there_twice_is_left_out(void **state UNUSED) {
    struct client_cursor cursor;
    client_cursor_init(&cursor, 0);
    const char *list = "[" NOTICE("1", "2") "," NOTICE("1", "2") "," NOTICE("2", "2") "," NOTICE("1", "2") "," NOTICE(
        "2", "2") "," NOTICE("1", "3") "," NOTICE("1", "3") "]";
    assert_true(client_cursor_take(&cursor, read_list(list), NULL));
    assert_passes(&cursor, "1", 0);
    assert_passes(&cursor, "2", 2);
    assert_passes(&cursor, "1", 3);
    assert_null(client_cursor_notice(&cursor));
    client_cursor_finish(&cursor);
}

static void lists_that_do_not_continue_are_refused(void **state UNUSED) {
    static const char *const lists[] = {
        "[" NOTICE("1", "2") "]",                      // before the position
        "[" NOTICE("1", "3") "]",                      // at it
        "[" NOTICE("1", "5") "," NOTICE("2", "4") "]", // not in order
        "[" NOTICE("1", "4") "," NOTICE("", "5") "]",  // without an ID
        "[" NOTICE("1", "4") ",{\"id\":\"2\"}]",       // without a time
        "[{\"id\":\"1\",\"last-repeated\":\"1960-01-01T00:00:00Z\"}]",
    };
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        AUTO_PEBBLE_ERROR struct pebble_error error = {0};
        struct client_cursor cursor;
        client_cursor_init(&cursor, 3);
        assert_false(client_cursor_take(&cursor, read_list(lists[i]), &error));
        assert_int_equal(error.kind, PEBBLE_ERROR_PROTOCOL);
        assert_null(client_cursor_notice(&cursor));
        assert_int_equal(cursor.position_ns, 3);
        client_cursor_finish(&cursor);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(position_follows_the_notices),
        cmocka_unit_test(position_is_not_between_notices_of_one_time),
        cmocka_unit_test(a_notice_that_is_there_twice_is_left_out),
        cmocka_unit_test(lists_that_do_not_continue_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "api/file_items_internal.h"

static json_t *parse(const char *text) {
    json_t *value = NULL;
    assert_true(json_read(text, strlen(text), &value, NULL));
    return value;
}

static void reads_members(void **state UNUSED) {
    AUTO_JSON json_t *value = parse("{\"path\":\"/x\",\"permissions\":\"644\",\"user-id\":5,\"group\":\"g\"}");
    struct file_item item;
    assert_true(file_item_read(value, "daemon.item", &item, NULL));
    assert_string_equal(item.path, "/x");
    assert_string_equal(item.permissions, "644");
    assert_int_equal(*item.owner.user_id, 5);
    assert_null(item.owner.user);
    assert_null(item.owner.group_id);
    assert_string_equal(item.owner.group, "g");
    AUTO_JSON json_t *empty = parse("{\"user-id\":null}");
    assert_true(file_item_read(empty, "daemon.item", &item, NULL));
    assert_string_equal(item.path, "");
    assert_null(item.owner.user_id);
}

static void wrong_types_are_errors(void **state UNUSED) {
    AUTO_JSON json_t *value = parse("{\"path\":[]}");
    struct file_item item;
    AUTO_ERROR struct error err = {0};
    assert_false(file_item_read(value, "daemon.item", &item, &err));
    assert_string_equal(error_text(&err), "json: cannot unmarshal array into Go struct field item.path of type string");
    assert_true(file_items_check_count(FILE_ITEMS_MAX, &err));
    assert_false(file_items_check_count(FILE_ITEMS_MAX + 1, &err));
}

static void results_have_errors(void **state UNUSED) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    AUTO_ERROR struct error err = {0};
    struct json_writer writer;
    json_writer_init(&writer, &out, true);
    error_set(&err, ERROR_NOT_FOUND, "gone");
    error_set_code(&err, "not-found");
    json_writer_begin_array(&writer);
    file_item_write_result(&writer, "/a", NULL);
    file_item_write_result(&writer, "/<b>", &err);
    json_writer_end_array(&writer);
    assert_string_equal(buffer_text(&out), "[{\"path\":\"/a\"},{\"path\":\"/\\u003cb\\u003e\",\"error\":{\"message\":"
                                           "\"gone\",\"kind\":\"not-found\"}}]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_members),
        cmocka_unit_test(wrong_types_are_errors),
        cmocka_unit_test(results_have_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
